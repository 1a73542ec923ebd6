/** A line of text. */

import type { Widget, WidgetProps } from "./widget";

function TextField({ id, label, value, schema, nullable, onChange }: WidgetProps) {
  const shown = value ?? schema.default;
  return (
    <label className="field nodrag">
      <span className="field-label">{label}</span>
      <input
        data-widget={id}
        aria-label={label}
        spellCheck={false}
        value={typeof shown === "string" ? shown : ""}
        onChange={({ currentTarget }) =>
          onChange(nullable && currentTarget.value === "" ? null : currentTarget.value)
        }
      />
    </label>
  );
}

export const textField: Widget = {
  name: "text",
  suits: (input, schema) => schema.type === "string" || input.type.names.includes("workflow"),
  height: 32,
  Component: TextField,
};
