/** The canvas that is on the screen, for actions that move the view or ask where things are. */

import type { ReactFlowInstance } from "@xyflow/react";
import type { Point } from "../graph/document";
import type { CardNode, LinkEdge } from "./flow";

export type CanvasInstance = ReactFlowInstance<CardNode, LinkEdge>;
let shown: CanvasInstance | null = null;
let pointer: Point = [0, 0];

export function setCanvas(instance: CanvasInstance | null): void {
  shown = instance;
}

export function canvas(): CanvasInstance | null {
  return shown;
}

export function setPointer(at: Point): void {
  pointer = at;
}

/** Where the pointer was last over the canvas, in pixels of the window. */
export function lastPointer(): Point {
  return pointer;
}

/** A place of the window in the coordinates of the graph. */
export function toGraph([x, y]: Point): Point {
  const at = shown?.screenToFlowPosition({ x, y });
  return at ? [Math.round(at.x), Math.round(at.y)] : [0, 0];
}
