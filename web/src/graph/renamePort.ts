/** Another name for an input or output of a subgraph, in it and wherever it is used. */

import {
  type Graph,
  joinPort,
  type NodeRecord,
  type Path,
  SUBGRAPH_PREFIX,
  splitPort,
  updateAt,
} from "./document";
import { redirected } from "./extract";

export interface PortRenaming {
  /** Where the level is that has the name; empty for the document itself. */
  readonly path: Path;
  readonly side: "inputs" | "outputs";
  readonly from: string;
  readonly to: string;
}

/** The document with the name changed; the same one if the new name is taken or empty. */
export function renamePort(document: Graph, wish: PortRenaming): Graph {
  const { path, side, from, to } = wish;
  const name = path.at(-1);
  const renamed = updateAt(document, path, (graph) => {
    if (!(from in graph[side]) || to in graph[side] || !to) return graph;
    return { ...graph, [side]: renamedNames<unknown>(graph[side], from, to) };
  });
  if (renamed === document || name === undefined) return renamed;
  return updateAt(renamed, path.slice(0, -1), (graph) => follow(graph, name, wish));
}

/** A level, and those in it that mean the same subgraph, with the nodes that use it changed. */
function follow(graph: Graph, name: string, wish: PortRenaming): Graph {
  const { side, from, to } = wish;
  const type = SUBGRAPH_PREFIX + name;
  const users = new Set(
    Object.values(graph.nodes).flatMap((node) => (node.type === type ? [node.id] : [])),
  );
  const port = (reference: string) => {
    const [id, own] = splitPort(reference);
    return users.has(id) && own === from ? joinPort(id, to) : reference;
  };
  const changed = (node: NodeRecord): NodeRecord => {
    if (side === "outputs") {
      const inputs = redirected(node.inputs, port);
      return inputs === node.inputs ? node : { ...node, inputs };
    }
    if (!users.has(node.id) || !(from in node.inputs)) return node;
    return { ...node, inputs: renamedNames(node.inputs, from, to) };
  };
  const nodes = users.size === 0 ? graph.nodes : each(graph.nodes, changed);
  const inner = each(graph.workflows, (one) =>
    name in one.workflows ? one : follow(one, name, wish),
  );
  return {
    ...graph,
    nodes,
    workflows: inner,
    ...(side === "outputs"
      ? { outputs: each(graph.outputs, port) }
      : {
          inputs: each(graph.inputs, (targets) =>
            typeof targets === "string" ? port(targets) : targets.map(port),
          ),
          reroutes: Object.fromEntries(
            Object.entries(graph.reroutes).map(([end, bends]) => [port(end), bends]),
          ),
          lockedSeeds: graph.lockedSeeds.map(port),
        }),
  };
}

/** A record with one key named anew, in its place. */
function renamedNames<T>(record: Readonly<Record<string, T>>, from: string, to: string) {
  const entries = Object.entries(record).map(([key, value]) => [key === from ? to : key, value]);
  return Object.fromEntries(entries) as Record<string, T>;
}

function each<T>(records: Readonly<Record<string, T>>, change: (record: T) => T) {
  return Object.fromEntries(Object.entries(records).map(([key, value]) => [key, change(value)]));
}
