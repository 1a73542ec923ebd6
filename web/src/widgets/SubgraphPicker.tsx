/** The subgraph that a loop runs: one that is in reach, or a saved workflow. */

import { savedNames } from "../api/files";
import type { Level } from "../graph/subgraphs";
import { useText } from "../i18n";
import { activeLevel } from "../store/selectors";
import { useEditor } from "../store/store";
import { useLoaded } from "./useLoaded";
import type { Widget, WidgetProps } from "./widget";

function SubgraphPicker({ id, label, value, onChange }: WidgetProps) {
  const t = useText();
  const level = useEditor(activeLevel);
  const saved = useLoaded(savedNames) ?? [];
  const inner = level ? namesInReach(level) : [];
  const others = saved.filter((name) => !inner.includes(name));
  const present = typeof value === "string" ? value : "";
  const known = present === "" || inner.includes(present) || others.includes(present);
  return (
    <label className="field choice nodrag">
      <span className="field-label">{label}</span>
      <select
        data-widget={id}
        aria-label={label}
        value={present}
        onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}
      >
        <option value="">–</option>
        {!known && <option value={present}>{present}</option>}
        {inner.map((name) => (
          <option key={name}>{name}</option>
        ))}
        {others.length > 0 && (
          <optgroup label={t("widget.saved_workflows")}>
            {others.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </optgroup>
        )}
      </select>
    </label>
  );
}

/** Names of subgraphs of this level and of those around it. */
function namesInReach(level: Level): string[] {
  const names = new Set<string>();
  for (let at: Level | null = level; at; at = at.outer) {
    for (const name of Object.keys(at.graph.workflows)) names.add(name);
  }
  return [...names].sort();
}

export const subgraphPicker: Widget = {
  name: "subgraph",
  suits: ({ type }) => type.names.includes("workflow") && type.depth === 0,
  height: 32,
  Component: SubgraphPicker,
};
