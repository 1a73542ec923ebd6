/** Commands on nodes. */

import {
  changed,
  type Graph,
  type Mode,
  type NodeRecord,
  type Point,
  type Size,
  splitPort,
  without,
} from "../graph/document";
import type { Json } from "../graph/json";
import { asLiteral, fromSlots, linksIn, linksInto } from "../graph/links";
import { define } from "./command";

/** The graph with some nodes changed; `change` may return the same node. */
export function changeNodes(
  graph: Graph,
  ids: Iterable<string>,
  change: (node: NodeRecord) => NodeRecord,
): Graph {
  let nodes: Record<string, NodeRecord> | null = null;
  for (const id of ids) {
    const before = graph.nodes[id];
    const after = before && change(before);
    if (!after || after === before) continue;
    nodes ??= { ...graph.nodes };
    nodes[id] = after;
  }
  return nodes ? { ...graph, nodes } : graph;
}

/** Nodes as they are to be, links included; ids that are taken are replaced. */
export const addNodes = define<{ nodes: readonly NodeRecord[] }>("nodes.add", (graph, { nodes }) =>
  nodes.length === 0
    ? graph
    : {
        ...graph,
        nodes: { ...graph.nodes, ...Object.fromEntries(nodes.map((node) => [node.id, node])) },
      },
);

/** Takes nodes out, with the links to them and the names that they were known by. */
export const removeNodes = define<{ ids: readonly string[] }>("nodes.remove", (graph, { ids }) => {
  const gone = new Set(ids.filter((id) => id in graph.nodes));
  if (gone.size === 0) return graph;
  const nodes = without(graph.nodes, gone);
  const touched = Object.values(nodes)
    .filter((node) => linksInto(node).some((link) => gone.has(link.source)))
    .map((node) => node.id);
  const stays = (reference: string) => !gone.has(splitPort(reference)[0]);
  const inputs = Object.entries(graph.inputs).flatMap(
    ([name, targets]): [string, string | readonly string[]][] => {
      if (typeof targets === "string") return stays(targets) ? [[name, targets]] : [];
      const left = targets.filter(stays);
      return left.length > 0 ? [[name, left]] : [];
    },
  );
  const left: Graph = {
    ...graph,
    nodes,
    inputs: Object.fromEntries(inputs),
    outputs: Object.fromEntries(Object.entries(graph.outputs).filter(([, out]) => stays(out))),
    reroutes: Object.fromEntries(Object.entries(graph.reroutes).filter(([end]) => stays(end))),
    lockedSeeds: graph.lockedSeeds.filter(stays),
  };
  return changeNodes(left, touched, (node) => cutFrom(node, gone));
});

function cutFrom(node: NodeRecord, gone: ReadonlySet<string>): NodeRecord {
  const inputs: Record<string, Json> = {};
  for (const [name, value] of Object.entries(node.inputs)) {
    const links = linksIn(value);
    const left = links.filter(([, link]) => !gone.has(splitPort(link)[0]));
    if (left.length === links.length) inputs[name] = value;
    else if (left.length > 0) inputs[name] = fromSlots(left) as Json;
  }
  return { ...node, inputs };
}

export const moveNodes = define<{ positions: Readonly<Record<string, Point>> }>(
  "nodes.move",
  (graph, { positions }) =>
    changeNodes(graph, Object.keys(positions), (node) => {
      const [x, y] = positions[node.id] ?? node.position;
      return x === node.position[0] && y === node.position[1]
        ? node
        : { ...node, position: [x, y] };
    }),
);

/** Sets the literal of an input; without a value the input is left open again. */
export const setInput = define<{ node: string; input: string; value?: Json }>(
  "nodes.set_input",
  (graph, { node, input, value }) =>
    changeNodes(graph, [node], (before) => {
      if (value === undefined) {
        return input in before.inputs
          ? { ...before, inputs: without(before.inputs, [input]) }
          : before;
      }
      const literal = asLiteral(value);
      if (before.inputs[input] === literal) return before;
      return { ...before, inputs: { ...before.inputs, [input]: literal } };
    }),
);

export interface Look {
  readonly size?: Size;
  readonly title?: string;
  readonly colour?: string;
  readonly collapsed?: true;
  readonly mode?: Mode;
}

/** Sets how nodes look or whether they work; a field that is undefined is reset. */
export const setLook = define<{ ids: readonly string[]; look: Look }>(
  "nodes.set_look",
  (graph, { ids, look }) =>
    changeNodes(graph, ids, (node) => {
      const fields = Object.keys(look) as (keyof Look)[];
      return fields.every((field) => node[field] === look[field]) ? node : changed(node, look);
    }),
);

/** Shows an input as a port in place of its widget, or the widget again. */
export const showAsPort = define<{ node: string; input: string; shown: boolean }>(
  "nodes.show_as_port",
  (graph, { node, input, shown }) =>
    changeNodes(graph, [node], (before) => {
      const others = (before.ports ?? []).filter((name) => name !== input);
      const ports = shown ? [...others, input] : others;
      return changed(before, { ports: ports.length > 0 ? ports : undefined });
    }),
);
