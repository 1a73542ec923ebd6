/** The ports that a link may end at, and the one that it takes when it is dropped on a card. */

import { fitPorts, type Joining } from "./connect";
import type { NodeRecord } from "./document";
import { drawnSpec } from "./ghost";
import { isLinked, reaches } from "./links";
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

export interface Fitting extends OpenEnd {
  readonly joining: Joining;
  /** How well it suits: free before taken, the very type before one that takes anything. */
  readonly score: number;
}

/** The ports of a node that a link from an end fits. Whether it closes a circle is not asked. */
export function fittingOn(level: Level, end: OpenEnd, node: NodeRecord): Fitting[] {
  const other = level.graph.nodes[end.node];
  if (!other || other === node) return [];
  const [here, there] = [drawnSpec(level, node), drawnSpec(level, other)];
  const forward = end.side === "output";
  const side = forward ? "input" : "output";
  const type = (forward ? there.outputs : there.inputs)[end.port]?.type;
  return Object.keys(forward ? here.inputs : here.outputs).flatMap((port): Fitting[] => {
    const output = forward ? there.outputs[end.port] : here.outputs[port];
    const input = forward ? here.inputs[port] : there.inputs[end.port];
    if (!output || !input) return [];
    const present = forward ? node.inputs[port] : other.inputs[end.port];
    const from = forward ? { node: end.node, output: end.port } : { node: node.id, output: port };
    const verdict = fitPorts(level, output, input, present, from);
    if (!verdict.ok) return [];
    const names = (forward ? input : output).type.names;
    const exact = names.some((name) => type?.names.includes(name));
    const free = !forward || !isLinked(present);
    const needed = forward && input.required;
    const score = (exact ? 4 : 0) + (free ? 2 : 0) + (needed ? 1 : 0);
    return [{ node: node.id, port, side, joining: verdict.joining, score }];
  });
}

/** The link that suits best, or null. */
export function bestPort(level: Level, end: OpenEnd, on: string): Best | null {
  const node = level.graph.nodes[on];
  if (!node) return null;
  const [to] = fittingOn(level, end, node).sort((a, b) => b.score - a.score);
  if (!to) return null;
  const link = linkBetween(end, to);
  return reaches(level.graph, link.target, link.source) ? null : link;
}

/** The link from one end to another, whichever of them is the output. */
export function linkBetween(end: OpenEnd, to: Fitting): Best {
  const [from, into] = end.side === "output" ? [end, to] : [to, end];
  const { joining } = to;
  return { source: from.node, output: from.port, target: into.node, input: into.port, joining };
}
