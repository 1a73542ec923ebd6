/** Where ports are, and which of them a link may go on to, in the order that one reads them. */

import { type Fitting, fittingOn, type OpenEnd } from "../graph/bestPort";
import type { NodeRecord, Point } from "../graph/document";
import { drawnSpec } from "../graph/ghost";
import { type Link, linksFrom, linksInto } from "../graph/links";
import type { Level } from "../graph/subgraphs";
import type { Shown } from "../store/results";
import { layoutOf } from "./geometry";

type Pictured = ReadonlyMap<string, Shown>;

/** A port in the coordinates of the graph, or null if there is none. */
export function portPlace(level: Level, { node: id, port, side }: OpenEnd, by: Pictured) {
  const node = level.graph.nodes[id];
  if (!node) return null;
  const layout = layoutOf(node, drawnSpec(level, node), by.get(id));
  const y = (side === "output" ? layout.outputs : layout.inputs)[port];
  if (y === undefined) return null;
  const x = side === "output" ? layout.width : 0;
  return [node.position[0] + x, node.position[1] + y] as Point;
}

/** The ports on one side of a node, from top to bottom. */
export function portsOf(level: Level, id: string, side: OpenEnd["side"], by: Pictured): OpenEnd[] {
  const node = level.graph.nodes[id];
  if (!node) return [];
  const layout = layoutOf(node, drawnSpec(level, node), by.get(id));
  return Object.entries(side === "output" ? layout.outputs : layout.inputs)
    .sort(([, a], [, b]) => a - b)
    .map(([port]) => ({ node: id, port, side }));
}

/** The port of a node to begin at: an input that waits for a link, else its first output. */
export function firstPort(level: Level, id: string, by: Pictured): OpenEnd | null {
  const node = level.graph.nodes[id];
  if (!node) return null;
  const spec = drawnSpec(level, node);
  const inputs = portsOf(level, id, "input", by);
  const waits = inputs.find(
    ({ port }) => spec.inputs[port]?.required && node.inputs[port] === undefined,
  );
  return waits ?? portsOf(level, id, "output", by)[0] ?? inputs[0] ?? null;
}

/** The links at a port. */
export function linksAt(level: Level, { node, port, side }: OpenEnd): readonly Link[] {
  const record = level.graph.nodes[node];
  if (!record) return [];
  if (side === "input") return linksInto(record).filter((link) => link.input === port);
  return (linksFrom(level.graph).get(node) ?? []).filter((link) => link.output === port);
}

/** Every port that a link from here may go to, node after node from left to right. */
export function fittingPorts(level: Level, from: OpenEnd, by: Pictured): Fitting[] {
  const circular = beyond(level, from);
  const nodes = Object.values(level.graph.nodes).filter(({ id }) => !circular.has(id));
  return nodes.sort(inReadingOrder).flatMap((node) => {
    const fitting = fittingOn(level, from, node);
    const side = from.side === "output" ? "input" : "output";
    const order = portsOf(level, node.id, side, by).map(({ port }) => port);
    return fitting.sort((a, b) => order.indexOf(a.port) - order.indexOf(b.port));
  });
}

/** The one to begin with: what suits best, and of those the nearest. */
export function bestOf(level: Level, from: OpenEnd, ends: readonly Fitting[], by: Pictured) {
  const start = portPlace(level, from, by) ?? [0, 0];
  const far = (end: OpenEnd) => {
    const [x, y] = portPlace(level, end, by) ?? start;
    return Math.hypot(x - start[0], y - start[1]);
  };
  const best = Math.max(...ends.map(({ score }) => score));
  const suits = ends.filter(({ score }) => score === best);
  return suits.sort((a, b) => far(a) - far(b))[0] ?? null;
}

/** The node itself, and those that a link to would close a circle. */
function beyond({ graph }: Level, { node, side }: OpenEnd): ReadonlySet<string> {
  const from = linksFrom(graph);
  const next = (id: string) => {
    if (side === "input") return (from.get(id) ?? []).map((link) => link.target);
    const record = graph.nodes[id];
    return record ? linksInto(record).map((link) => link.source) : [];
  };
  const seen = new Set([node]);
  const pending = [node];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const id of next(at)) {
      if (seen.has(id)) continue;
      seen.add(id);
      pending.push(id);
    }
  }
  return seen;
}

export function inReadingOrder(a: NodeRecord, b: NodeRecord): number {
  return a.position[0] - b.position[0] || a.position[1] - b.position[1];
}
