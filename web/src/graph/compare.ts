/** What changed from one document to another, in nodes. */

import type { Graph, NodeRecord } from "./document";
import { type Json, sameJson } from "./json";
import { writeNode } from "./write";

export interface Comparison {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Nodes with other settings or links; where they are drawn does not count. */
  readonly changed: readonly string[];
}

/** Compares two documents at all levels; ids of inner nodes are `subgraph/node`. */
export function compareGraphs(before: Graph, after: Graph): Comparison {
  const [old, now] = [allNodes(before), allNodes(after)];
  const same = (a: NodeRecord, b: NodeRecord) =>
    a === b || sameJson(writeNode(a) as Json, writeNode(b) as Json);
  return {
    added: [...now.keys()].filter((id) => !old.has(id)),
    removed: [...old.keys()].filter((id) => !now.has(id)),
    changed: [...now].flatMap(([id, node]) => {
      const other = old.get(id);
      return other && !same(other, node) ? [id] : [];
    }),
  };
}

function allNodes(graph: Graph, prefix = ""): Map<string, NodeRecord> {
  const found = new Map<string, NodeRecord>();
  for (const [id, node] of Object.entries(graph.nodes)) found.set(prefix + id, node);
  for (const [name, inner] of Object.entries(graph.workflows)) {
    for (const [id, node] of allNodes(inner, `${prefix}${name}/`)) found.set(id, node);
  }
  return found;
}
