/** The nodes of a subgraph in place of the node that runs it. */

import { pasted } from "./clipboard";
import { changed, type Graph, joinPort, type NodeRecord, type Point, splitPort } from "./document";
import type { Json } from "./json";
import { fromSlots, linksIn } from "./links";
import { findSubgraph, type Level, subgraphName } from "./subgraphs";

export interface Unpacked {
  readonly graph: Graph;
  readonly selection: readonly string[];
}

/**
 * The level with a subgraph unpacked, or null if the node runs none.
 *
 * @param by how far the nodes move from where they are inside
 */
export function unpack(level: Level, id: string, by: Point): Unpacked | null {
  const node = level.graph.nodes[id];
  const name = node?.type.startsWith("workflow/") ? subgraphName(node) : null;
  const inner = name === null ? null : findSubgraph(level, name);
  if (!node || !inner) return null;
  const { part, selection, ids } = pasted(level, inner.graph, by, false);
  const placed = (reference: string) => {
    const [from, port] = splitPort(reference);
    return joinPort(ids.get(from) ?? from, port);
  };
  const targets = new Map(
    Object.entries(inner.graph.inputs).map(([port, to]) => [port, [to].flat().map(placed)]),
  );
  const outputs = new Map(
    Object.entries(inner.graph.outputs).map(([port, from]) => [port, placed(from)]),
  );
  const within = fed(part.nodes, node, targets);
  const others = Object.values(level.graph.nodes).filter((other) => other.id !== id);
  const nodes = Object.fromEntries([
    ...others.map((other) => [other.id, { ...other, inputs: led(other.inputs, id, outputs) }]),
    ...within.map((other) => [other.id, other]),
  ]);
  const { graph } = level;
  const inside = (reference: string): string[] => {
    const [from, port] = splitPort(reference);
    return from === id ? (targets.get(port) ?? []) : [reference];
  };
  return {
    selection,
    graph: {
      ...graph,
      nodes,
      inputs: Object.fromEntries(
        Object.entries(graph.inputs).flatMap(([port, to]) => {
          const list = [to].flat().flatMap(inside);
          return list.length > 0 ? [[port, list.length > 1 ? list : (list[0] ?? "")]] : [];
        }),
      ),
      outputs: Object.fromEntries(
        Object.entries(graph.outputs).flatMap(([port, from]) => {
          const [source, output] = splitPort(from);
          const to = source === id ? outputs.get(output) : from;
          return to === undefined ? [] : [[port, to]];
        }),
      ),
      groups: { ...graph.groups, ...part.groups },
      notes: { ...graph.notes, ...part.notes },
      reroutes: { ...graph.reroutes, ...part.reroutes },
      lockedSeeds: [...new Set([...graph.lockedSeeds.flatMap(inside), ...part.lockedSeeds])],
      workflows: { ...graph.workflows, ...part.workflows },
    },
  };
}

/** The nodes from inside with what the node itself was given. */
function fed(
  nodes: Graph["nodes"],
  node: NodeRecord,
  targets: ReadonlyMap<string, readonly string[]>,
): NodeRecord[] {
  const given = new Map<string, Json>();
  for (const [port, value] of Object.entries(node.inputs)) {
    for (const target of targets.get(port) ?? []) given.set(target, value);
  }
  return Object.values(nodes).map((record) => {
    const own = [...given].filter(([target]) => splitPort(target)[0] === record.id);
    const inputs = own.map(([target, value]) => [splitPort(target)[1], value] as const);
    const next = { ...record, inputs: { ...record.inputs, ...Object.fromEntries(inputs) } };
    return node.mode === "muted" ? changed<NodeRecord>(next, { mode: "muted" }) : next;
  });
}

/** Inputs with links from the subgraph's node led to the nodes from inside. */
function led(
  inputs: NodeRecord["inputs"],
  id: string,
  outputs: ReadonlyMap<string, string>,
): NodeRecord["inputs"] {
  const entries = Object.entries(inputs).flatMap(([name, value]): [string, Json][] => {
    const links = linksIn(value);
    if (!links.some(([, link]) => splitPort(link)[0] === id)) return [[name, value]];
    const left = links.flatMap(([slot, link]): typeof links => {
      const [source, output] = splitPort(link);
      const to = source === id ? outputs.get(output) : link;
      return to === undefined ? [] : [[slot, to]];
    });
    const next = fromSlots(left);
    return next === undefined ? [] : [[name, next]];
  });
  return Object.fromEntries(entries);
}
