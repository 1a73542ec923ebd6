/** Places of cards relative to each other: align, distribute, what lies inside of what. */

import type { Point, Rect } from "./document";

export interface Box {
  readonly id: string;
  readonly rect: Rect;
}

export type Edge = "left" | "center" | "right" | "top" | "middle" | "bottom";
export type Axis = "horizontal" | "vertical";
export type Positions = Record<string, Point>;

/** The smallest rectangle around boxes; null if there are none. */
export function around(boxes: readonly Box[]): Rect | null {
  if (boxes.length === 0) return null;
  const left = Math.min(...boxes.map(({ rect }) => rect[0]));
  const top = Math.min(...boxes.map(({ rect }) => rect[1]));
  const right = Math.max(...boxes.map(({ rect }) => rect[0] + rect[2]));
  const bottom = Math.max(...boxes.map(({ rect }) => rect[1] + rect[3]));
  return [left, top, right - left, bottom - top];
}

/** Where boxes go so that they share an edge, or a middle, of the space they take. */
export function align(boxes: readonly Box[], edge: Edge): Positions {
  const frame = around(boxes);
  if (!frame) return {};
  const [left, top, width, height] = frame;
  const place = ([x, y, w, h]: Rect): Point => {
    switch (edge) {
      case "left":
        return [left, y];
      case "center":
        return [Math.round(left + (width - w) / 2), y];
      case "right":
        return [left + width - w, y];
      case "top":
        return [x, top];
      case "middle":
        return [x, Math.round(top + (height - h) / 2)];
      case "bottom":
        return [x, top + height - h];
    }
  };
  return Object.fromEntries(boxes.map(({ id, rect }) => [id, place(rect)]));
}

/** Where boxes go so that the gaps between them are equal; the outer two stay. */
export function distribute(boxes: readonly Box[], axis: Axis): Positions {
  const [at, size] = axis === "horizontal" ? [0, 2] : [1, 3];
  const sorted = [...boxes].sort((a, b) => (a.rect[at] ?? 0) - (b.rect[at] ?? 0));
  const frame = around(boxes);
  if (!frame || boxes.length < 3) return {};
  const taken = boxes.reduce((sum, { rect }) => sum + (rect[size] ?? 0), 0);
  const gap = ((frame[size] ?? 0) - taken) / (boxes.length - 1);
  let next = frame[at] ?? 0;
  return Object.fromEntries(
    sorted.map(({ id, rect }) => {
      const place: Point =
        axis === "horizontal" ? [Math.round(next), rect[1]] : [rect[0], Math.round(next)];
      next += (rect[size] ?? 0) + gap;
      return [id, place];
    }),
  );
}

/** Whether a rectangle lies wholly in another one. */
export function inside([x, y, width, height]: Rect, outer: Rect): boolean {
  return (
    x >= outer[0] &&
    y >= outer[1] &&
    x + width <= outer[0] + outer[2] &&
    y + height <= outer[1] + outer[3]
  );
}
