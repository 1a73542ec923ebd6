/**
 * The dots that links are led over. Bends of links from one output that are at the same place
 * are one dot: they are moved and taken out together, so that several links share a trunk.
 */

import type { Graph, Point } from "./document";
import { type Link, linksFrom, linksOf } from "./links";

/** The output that a link comes from. */
export type Start = Pick<Link, "source" | "output">;
export type Bends = Readonly<Record<string, readonly Point[]>>;

/** The links from the output that a link comes from. */
export function siblings(graph: Graph, link: Start): readonly Link[] {
  const links = linksFrom(graph).get(link.source) ?? [];
  return links.filter(({ output }) => output === link.output);
}

/** The links that go over a dot, those first that come first in the document. */
export function linksOver(graph: Graph, link: Start, at: Point): readonly Link[] {
  return siblings(graph, link).filter(({ id }) =>
    graph.reroutes[id]?.some((point) => same(point, at)),
  );
}

/** The bends of all links over a dot, with the dot elsewhere, or without it. */
export function withDot(graph: Graph, link: Start, at: Point, to: Point | null): Bends {
  const over = linksOver(graph, link, at).map(({ id }) => {
    const points = graph.reroutes[id] ?? [];
    const index = points.findIndex((point) => same(point, at));
    const next = to ? points.with(index, to) : points.toSpliced(index, 1);
    return [id, next] as const;
  });
  return Object.fromEntries(over);
}

/** Where a dot goes that is let go near another of a link from the same output: onto it. */
export function joined(graph: Graph, link: Start, from: Point, to: Point, reach: number): Point {
  const others = siblings(graph, link).flatMap(({ id }) => graph.reroutes[id] ?? []);
  const near = others.filter(
    (point) => !same(point, from) && Math.hypot(point[0] - to[0], point[1] - to[1]) <= reach,
  );
  return near[0] ?? to;
}

/** The bends of links whose both ends move by the same way, moved along. */
export function bendsAlong(graph: Graph, moved: Readonly<Record<string, Point>>): Bends {
  if (Object.keys(graph.reroutes).length === 0) return {};
  const along = linksOf(graph).flatMap(({ id, source, target }) => {
    const points = graph.reroutes[id];
    const way = wayOf(graph, moved, source);
    const other = wayOf(graph, moved, target);
    if (!points || !way || !other || !same(way, other)) return [];
    return [[id, points.map(([x, y]): Point => [x + way[0], y + way[1]])] as const];
  });
  return Object.fromEntries(along);
}

function wayOf(graph: Graph, moved: Readonly<Record<string, Point>>, id: string): Point | null {
  const to = moved[id];
  const from = graph.nodes[id]?.position;
  return to && from ? [to[0] - from[0], to[1] - from[1]] : null;
}

function same(a: Point, b: Point): boolean {
  return a[0] === b[0] && a[1] === b[1];
}
