/** Places for nodes that have none: columns by their distance from the first nodes. */

import type { Graph, Point } from "./document";
import { linksOf } from "./links";

const COLUMN = 320;
const ROW = 240;

/** The graph with `ids` placed below whatever has a place already. */
export function place(graph: Graph, ids: readonly string[]): Graph {
  const open = new Set(ids);
  const placed = Object.values(graph.nodes).filter((node) => !open.has(node.id));
  const top =
    placed.length > 0 ? Math.max(...placed.map((node) => node.position[1])) + ROW * 1.5 : 0;
  const left = placed.length > 0 ? Math.min(...placed.map((node) => node.position[0])) : 0;
  const columns = columnsOf(graph, open);
  const heights = new Map<number, number>();
  const nodes = { ...graph.nodes };
  for (const id of ids) {
    const node = nodes[id];
    if (!node) continue;
    const column = columns.get(id) ?? 0;
    const row = heights.get(column) ?? 0;
    heights.set(column, row + 1);
    const position: Point = [left + column * COLUMN, top + row * ROW];
    nodes[id] = { ...node, position };
  }
  return { ...graph, nodes };
}

/** Longest way to each node from one without links into it (Kahn's order). */
function columnsOf(graph: Graph, among: ReadonlySet<string>): Map<string, number> {
  const links = linksOf(graph).filter((link) => among.has(link.source) && among.has(link.target));
  const waiting = new Map<string, number>();
  const next = new Map<string, string[]>();
  for (const { source, target } of links) {
    waiting.set(target, (waiting.get(target) ?? 0) + 1);
    const list = next.get(source);
    if (list) list.push(target);
    else next.set(source, [target]);
  }
  const columns = new Map<string, number>();
  const ready = [...among].filter((id) => !waiting.has(id));
  for (const id of ready) {
    const column = columns.get(id) ?? 0;
    columns.set(id, column);
    for (const target of next.get(id) ?? []) {
      columns.set(target, Math.max(columns.get(target) ?? 0, column + 1));
      const left = (waiting.get(target) ?? 1) - 1;
      waiting.set(target, left);
      if (left === 0) ready.push(target);
    }
  }
  return columns;
}
