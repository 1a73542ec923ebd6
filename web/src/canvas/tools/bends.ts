/** Bends of links: where they are put in, moved and taken out. */

import { setReroute } from "../../commands/graph";
import type { Point } from "../../graph/document";
import { joined, type Start, withDot } from "../../graph/dots";
import { type Link, linksOf } from "../../graph/links";
import type { Level } from "../../graph/subgraphs";
import { GRID } from "../../store/canvas";
import { activeGraph } from "../../store/documents";
import { activeLevel, picturedNodes } from "../../store/selectors";
import { useEditor } from "../../store/store";
import { portPlace } from "../ports";

/** A link of the shown level, by its id. */
export function linkById(id: string): Link | undefined {
  const level = activeLevel(useEditor.getState());
  return level ? linksOf(level.graph).find((link) => link.id === id) : undefined;
}

/** Bends a link at a place of the graph. */
export function addBend(id: string, at: Point): void {
  const level = activeLevel(useEditor.getState());
  const link = linkById(id);
  const ends = level && link && endsOf(level, link);
  if (!level || !ends) return;
  const points = bendsWith(level.graph.reroutes[id] ?? [], ends, snapped(at));
  useEditor.getState().execute(setReroute({ link: id, points }));
}

/** Moves a dot, for all links that it leads, or takes it out. */
export function putDot(link: Start, at: Point, to: Point | null): void {
  const graph = activeGraph(useEditor.getState());
  if (!graph) return;
  const place = to && joined(graph, link, at, to, REACH);
  const changes = Object.entries(withDot(graph, link, at, place)).map(([id, points]) =>
    setReroute({ link: id, points }),
  );
  useEditor.getState().execute(changes, `dot ${link.source}.${link.output}`);
}

/** How near to another dot one is let go to join it. */
const REACH = 14;

export function setBends(id: string, points: readonly Point[]): void {
  useEditor.getState().execute(setReroute({ link: id, points }), `bends ${id}`);
}

/** A place on the grid, if things are to stay there. */
export function snapped([x, y]: Point): Point {
  const step = useEditor.getState().snap ? GRID : 1;
  return [Math.round(x / step) * step, Math.round(y / step) * step];
}

/** The bends with one more, in the part of the way that it makes longer the least. */
export function bendsWith(
  bends: readonly Point[],
  [start, end]: readonly [Point, Point],
  at: Point,
): Point[] {
  const way = [start, ...bends, end];
  const detours = way.slice(1).map((to, index) => {
    const from = way[index] ?? to;
    return distance(from, at) + distance(at, to) - distance(from, to);
  });
  const place = detours.indexOf(Math.min(...detours));
  return [...bends.slice(0, place), at, ...bends.slice(place)];
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** Where a link starts and ends, in the coordinates of the graph. */
export function endsOf(level: Level, link: Link): readonly [Point, Point] | null {
  const pictured = picturedNodes(useEditor.getState());
  const start = { node: link.source, port: link.output, side: "output" } as const;
  const end = { node: link.target, port: link.input, side: "input" } as const;
  const [from, to] = [portPlace(level, start, pictured), portPlace(level, end, pictured)];
  return from && to && [from, to];
}
