/** The canvas that is on the screen, for actions that move the view or ask where things are. */

import type { ReactFlowInstance } from "@xyflow/react";
import type { Point } from "../graph/document";
import type { CanvasNode, LinkEdge } from "./flow";

export type CanvasInstance = ReactFlowInstance<CanvasNode, LinkEdge>;
let shown: CanvasInstance | null = null;
let pointer: Point | null = null;

export function setCanvas(instance: CanvasInstance | null): void {
  shown = instance;
}

export function canvas(): CanvasInstance | null {
  return shown;
}

export function setPointer(at: Point | null): void {
  pointer = at;
}

/** Where the pointer is over the canvas, in pixels of the window; null if it is elsewhere. */
export function lastPointer(): Point | null {
  return pointer;
}

/** What is in the middle of the canvas, in the coordinates of the graph. */
export function middleOfView(): Point {
  return toGraph(middleOfWindow());
}

/** The middle of the canvas, in pixels of the window. */
export function middleOfWindow(): Point {
  const box = document.querySelector(".canvas")?.getBoundingClientRect();
  return box ? [box.x + box.width / 2, box.y + box.height / 2] : [0, 0];
}

/** A place of the window in the coordinates of the graph. */
export function toGraph([x, y]: Point): Point {
  const at = shown?.screenToFlowPosition({ x, y });
  return at ? [Math.round(at.x), Math.round(at.y)] : [0, 0];
}

/** Milliseconds that the view takes to get somewhere; none for who wants no motion. */
export function glide(): number {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 200;
}
