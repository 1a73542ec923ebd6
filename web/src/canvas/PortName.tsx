/** The name of an input that is shown as a port, with what is wrong with it. */

import type { MouseEvent } from "react";
import type { InputSpec } from "../graph/catalogue";
import { joinPort, type NodeRecord } from "../graph/document";
import { inputNames } from "../graph/names";
import { useText } from "../i18n";
import { openInputMenu } from "../panels/inspector/inputMenu";
import { activeGraph } from "../store/documents";
import { useEditor } from "../store/store";
import { usePortProblem } from "../store/validation";
import { describeInput } from "../widgets/describe";

interface PortNameProps {
  readonly node: NodeRecord;
  readonly name: string | undefined;
  readonly input: InputSpec | undefined;
}

export function PortName({ node, name, input }: PortNameProps) {
  const t = useText();
  const problem = usePortProblem(node.id, name ?? "");
  // Whoever uses the subgraph, or runs the workflow, gives it.
  const named = useEditor((state) => {
    const graph = activeGraph(state);
    return graph !== null && inputNames(graph).has(joinPort(node.id, name ?? ""));
  });
  if (name === undefined || !input) return <span className="port-name" />;
  const missing = input.required && node.inputs[name] === undefined && !named;
  const onContextMenu = (event: MouseEvent) => openInputMenu(event, node.id, name);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the inspector has buttons for it
    <span
      className={missing ? "port-name open" : problem ? "port-name wrong" : "port-name"}
      title={problem ?? describeInput(input, t)}
      onContextMenu={onContextMenu}
    >
      {name.replaceAll("_", " ")}
      {missing && <b className="missing"> •</b>}
    </span>
  );
}
