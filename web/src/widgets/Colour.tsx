/** A colour: a swatch that opens the system's choice, and its name or number as text. */

import type { Widget, WidgetProps } from "./widget";

const HEX = /^#[0-9a-f]{6}([0-9a-f]{2})?$/i;

function Colour({ id, label, value, schema, onChange }: WidgetProps) {
  const present = value ?? schema.default;
  const shown = typeof present === "string" ? present : "";
  const opacity = HEX.test(shown) ? shown.slice(7) : "";
  return (
    <div className="field colour nodrag">
      <span className="field-label">{label}</span>
      <input
        data-widget={id}
        aria-label={label}
        spellCheck={false}
        value={shown}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      />
      <input
        type="color"
        data-widget-swatch={id}
        aria-label={label}
        value={HEX.test(shown) ? shown.slice(0, 7) : "#000000"}
        onChange={({ currentTarget }) => onChange(currentTarget.value + opacity)}
      />
    </div>
  );
}

export const colour: Widget = {
  name: "colour",
  suits: (_, { type, widget, format, default: preset }) =>
    type === "string" &&
    (widget === "colour" || format === "color" || (typeof preset === "string" && HEX.test(preset))),
  height: 32,
  Component: Colour,
};
