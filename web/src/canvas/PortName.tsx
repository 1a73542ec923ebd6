/** The name of an input that is shown as a port, with what is wrong with it. */

import type { MouseEvent } from "react";
import type { InputSpec } from "../graph/catalogue";
import type { NodeRecord } from "../graph/document";
import { useText } from "../i18n";
import { openInputMenu } from "../panels/inspector/inputMenu";
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
  if (name === undefined || !input) return <span className="port-name" />;
  const missing = input.required && node.inputs[name] === undefined;
  const onContextMenu = (event: MouseEvent) => openInputMenu(event, node.id, name);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the inspector has buttons for it
    <span
      className={problem ? "port-name wrong" : "port-name"}
      title={problem ?? describeInput(input, t)}
      onContextMenu={onContextMenu}
    >
      {name.replaceAll("_", " ")}
      {missing && <b className="missing"> •</b>}
    </span>
  );
}
