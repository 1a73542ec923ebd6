/** One of several values. */

import { type Json, sameJson } from "../graph/json";
import type { Widget, WidgetProps } from "./widget";

function Choice({ id, label, value, schema, nullable, onChange }: WidgetProps) {
  const choices = (schema.enum as Json[]).filter((choice) => choice !== null);
  const present = value ?? schema.default ?? null;
  const index = choices.findIndex((choice) => sameJson(choice, present));
  return (
    <label className="field choice nodrag">
      <span className="field-label">{label}</span>
      <select
        data-widget={id}
        aria-label={label}
        value={index}
        onChange={({ currentTarget }) => {
          const picked = choices[Number(currentTarget.value)];
          onChange(picked ?? (nullable ? null : undefined));
        }}
      >
        {(nullable || index < 0) && <option value={-1}>–</option>}
        {choices.map((choice, at) => (
          <option key={at} value={at}>
            {typeof choice === "string" ? choice.replaceAll("_", " ") : String(choice)}
          </option>
        ))}
      </select>
    </label>
  );
}

export const choice: Widget = {
  name: "choice",
  suits: (input, schema) => Array.isArray(schema.enum) && input.type.depth === 0,
  height: 32,
  Component: Choice,
};
