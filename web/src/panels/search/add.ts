/** Adds a node of a type, linked to the port that the search started from. */

import { connect } from "../../commands/links";
import { addNodes } from "../../commands/nodes";
import { fitPorts } from "../../graph/connect";
import { newNode } from "../../graph/create";
import type { Point } from "../../graph/document";
import { drawnSpec } from "../../graph/ghost";
import { activeLevel } from "../../store/selectors";
import { useEditor } from "../../store/store";
import type { Linking } from "../../store/view";
import type { Offer } from "./find";

export function addOffered({ spec, port }: Offer, at: Point, linking: Linking | null): void {
  const { execute, select } = useEditor.getState();
  const level = activeLevel(useEditor.getState());
  if (!level) return;
  const node = newNode(level.graph, spec, at);
  const added = addNodes({ nodes: [node] });
  const other = linking && level.graph.nodes[linking.node];
  if (linking && other && port) {
    const here = drawnSpec(level, other);
    const forward = linking.side === "output";
    const output = forward ? here.outputs[linking.port] : spec.outputs[port];
    const input = forward ? spec.inputs[port] : here.inputs[linking.port];
    const from = { node: forward ? linking.node : node.id, output: forward ? linking.port : port };
    const to = { target: forward ? node.id : linking.node, input: forward ? port : linking.port };
    const present = forward ? undefined : other.inputs[linking.port];
    const verdict = output && input && fitPorts(level, output, input, present, from);
    if (verdict?.ok) {
      const link = { source: from.node, output: from.output, ...to, joining: verdict.joining };
      execute([added, connect(link)]);
    }
  } else {
    execute(added);
  }
  select([node.id]);
}
