/** The port that a link takes when it is dropped on a card, not on one of its ports. */

import { canLink, type Joining } from "./connect";
import { drawnSpec } from "./ghost";
import { isLinked } from "./links";
import type { Level } from "./subgraphs";

export interface OpenEnd {
  readonly node: string;
  readonly port: string;
  readonly side: "output" | "input";
}

export interface Best {
  readonly source: string;
  readonly output: string;
  readonly target: string;
  readonly input: string;
  readonly joining: Joining;
}

/** Free ports before taken ones, the very type before one that takes anything, or null. */
export function bestPort(level: Level, end: OpenEnd, on: string): Best | null {
  const node = level.graph.nodes[on];
  const other = level.graph.nodes[end.node];
  if (!node || !other) return null;
  const [here, there] = [drawnSpec(level, node), drawnSpec(level, other)];
  const forward = end.side === "output";
  const type = (forward ? there.outputs : there.inputs)[end.port]?.type;
  const ports = Object.keys(forward ? here.inputs : here.outputs);
  const found = ports.flatMap((port) => {
    const from = forward ? { node: end.node, output: end.port } : { node: on, output: port };
    const to = forward ? { node: on, input: port } : { node: end.node, input: end.port };
    const verdict = canLink(level, from, to);
    if (!verdict.ok) return [];
    const spec = forward ? here.inputs[port] : here.outputs[port];
    const exact = spec?.type.names.some((name) => type?.names.includes(name)) ?? false;
    const free = !forward || !isLinked(node.inputs[port]);
    const needed = forward && here.inputs[port]?.required === true;
    const score = (exact ? 4 : 0) + (free ? 2 : 0) + (needed ? 1 : 0);
    const link = { source: from.node, output: from.output, target: to.node, input: to.input };
    return [{ score, link: { ...link, joining: verdict.joining } }];
  });
  return found.sort((a, b) => b.score - a.score)[0]?.link ?? null;
}
