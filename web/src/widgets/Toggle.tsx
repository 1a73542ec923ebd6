/** Yes or no. */

import type { Widget, WidgetProps } from "./widget";

function Toggle({ id, label, value, schema, onChange }: WidgetProps) {
  const shown = (value ?? schema.default) === true;
  return (
    <label className="field toggle nodrag">
      <span className="field-label">{label}</span>
      <input
        type="checkbox"
        role="switch"
        aria-checked={shown}
        data-widget={id}
        aria-label={label}
        checked={shown}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
    </label>
  );
}

export const toggle: Widget = {
  name: "toggle",
  suits: (_, schema) => schema.type === "boolean",
  height: 32,
  Component: Toggle,
};
