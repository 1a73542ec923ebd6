/** Text of several lines, such as a prompt. */

import type { Widget, WidgetProps } from "./widget";

function TextArea({ id, label, value, schema, onChange }: WidgetProps) {
  const shown = value ?? schema.default;
  return (
    <label className="field text-area nodrag nowheel">
      <span className="field-label">{label}</span>
      <textarea
        data-widget={id}
        aria-label={label}
        value={typeof shown === "string" ? shown : ""}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </label>
  );
}

/** Texts that may be longer than this get several lines. */
const LONG = 1000;

export const textArea: Widget = {
  name: "text area",
  suits: (_, { type, maxLength, widget }) =>
    type === "string" &&
    (widget === "multiline" || (typeof maxLength === "number" && maxLength >= LONG)),
  height: 100,
  grows: true,
  Component: TextArea,
};
