/** Any plain value, as JSON; text that is no JSON is taken as a string where one is allowed. */

import { useState } from "react";
import type { InputSpec } from "../graph/catalogue";
import { formatJson, type Json, parseJson } from "../graph/json";
import { useText } from "../i18n";
import type { Widget, WidgetProps } from "./widget";

function JsonField({ id, label, value, schema, onChange }: WidgetProps) {
  const t = useText();
  const [draft, setDraft] = useState<string | null>(null);
  const [invalid, setInvalid] = useState(false);
  const present = value ?? schema.default;

  const commit = () => {
    if (draft === null) return;
    const read = readValue(draft, schema.type === undefined);
    setInvalid(read === null);
    if (read === null) return;
    setDraft(null);
    onChange(read.value);
  };
  return (
    <label className="field nodrag" title={invalid ? t("widget.invalid_json") : undefined}>
      <span className="field-label">{label}</span>
      <input
        className="mono"
        data-widget={id}
        aria-label={label}
        aria-invalid={invalid}
        spellCheck={false}
        value={draft ?? (present === undefined || present === null ? "" : showValue(present))}
        onChange={({ currentTarget }) => setDraft(currentTarget.value)}
        onBlur={commit}
        onKeyDown={(event) => event.key === "Enter" && commit()}
      />
    </label>
  );
}

function showValue(value: Json): string {
  return typeof value === "string" && readValue(value, true)?.value === value
    ? value
    : formatJson(value);
}

/** The value that a text stands for; null if it is not allowed. */
function readValue(text: string, anything: boolean): { value: Json | undefined } | null {
  if (text.trim() === "") return { value: undefined };
  try {
    return { value: parseJson(text, { reals: true }) };
  } catch {
    return anything ? { value: text } : null;
  }
}

export const jsonField: Widget = {
  name: "json",
  suits: (_: InputSpec) => true,
  height: 32,
  exact: true,
  Component: JsonField,
};
