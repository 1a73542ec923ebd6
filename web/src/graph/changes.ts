/** What of a graph gives other results than before: for problems and badges that are old. */

import type { Graph, NodeRecord } from "./document";
import { linksFrom } from "./links";
import { subgraphName } from "./subgraphs";

/** Whether a run of both does the same; where nodes are drawn does not count. */
export function sameWork(a: Graph, b: Graph): boolean {
  if (a === b) return true;
  return (
    a.inputs === b.inputs &&
    a.outputs === b.outputs &&
    sameKeys(a.nodes, b.nodes) &&
    sameKeys(a.workflows, b.workflows) &&
    Object.values(b.nodes).every((node) => sameNode(a.nodes[node.id], node)) &&
    Object.entries(b.workflows).every(([name, inner]) => {
      const before = a.workflows[name];
      return before !== undefined && sameWork(before, inner);
    })
  );
}

function sameKeys(a: object, b: object): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b);
}

function sameNode(a: NodeRecord | undefined, b: NodeRecord): boolean {
  return a === b || (a?.inputs === b.inputs && a.type === b.type && a.mode === b.mode);
}

/**
 * The nodes of a level whose results may differ from those of an earlier graph: the changed
 * ones and all that they feed. `inner` says whether the subgraph of a name has changed.
 */
export function affected(
  before: Graph,
  after: Graph,
  inner: (name: string) => boolean,
): ReadonlySet<string> {
  const found = new Set<string>();
  if (before === after) return found;
  for (const node of Object.values(after.nodes)) {
    const name = subgraphName(node);
    if (!sameNode(before.nodes[node.id], node) || (name !== null && inner(name))) {
      found.add(node.id);
    }
  }
  const from = linksFrom(after);
  const pending = [...found];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const { target } of from.get(at) ?? []) {
      if (found.has(target)) continue;
      found.add(target);
      pending.push(target);
    }
  }
  return found;
}
