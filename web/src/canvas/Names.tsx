/** Tags beside the ports that the level takes values in by, and gives them out. */

import { memo } from "react";
import { renameNamed } from "../commands/graph";
import { execute } from "../commands/history";
import { namesOfNode, type PortNames } from "../graph/names";
import { useText } from "../i18n";
import { activeDocument, activeGraph } from "../store/documents";
import { useEditor } from "../store/store";
import { EditableName } from "./EditableName";
import type { CardLayout } from "./geometry";

interface NamesProps {
  readonly node: string;
  readonly layout: CardLayout;
}

export const Names = memo(function Names({ node, layout }: NamesProps) {
  const found = useEditor((state) => {
    const graph = activeGraph(state);
    const inputs = Object.keys(layout.inputs);
    return graph && namesOfNode(graph, node, { inputs, outputs: Object.keys(layout.outputs) });
  });
  if (!found) return null;
  const names = JSON.parse(found) as PortNames;
  return (
    <>
      {Object.entries(names.inputs).map(([port, name]) => (
        <Tag key={`in ${port}`} side="inputs" name={name} y={layout.inputs[port] ?? 0} />
      ))}
      {Object.entries(names.outputs).map(([port, name]) => (
        <Tag key={`out ${port}`} side="outputs" name={name} y={layout.outputs[port] ?? 0} />
      ))}
    </>
  );
});

function Tag({ side, name, y }: { side: "inputs" | "outputs"; name: string; y: number }) {
  const t = useText();
  const label = t(side === "inputs" ? "canvas.named_input" : "canvas.named_output", { name });
  return (
    <div
      className={`name-tag ${side} nodrag`}
      title={label}
      data-name-tag={`${side}/${name}`}
      style={{ top: y }}
    >
      <EditableName
        id={side === "inputs" ? `in/${name}` : `out/${name}`}
        className="name-tag-text"
        name={name}
        label={t("edit.rename")}
        onRename={(to) => rename(side, name, to)}
      />
    </div>
  );
}

/** One step of the whole document: nodes around the level know the name, too. */
function rename(side: "inputs" | "outputs", from: string, to: string): void {
  const { patchDocument } = useEditor.getState();
  const document = activeDocument(useEditor.getState());
  if (!document) return;
  const change = renameNamed({ path: document.path, side, from, to });
  const history = execute(document.history, { path: [], changes: [change] }, Date.now());
  patchDocument(document.id, { history });
}
