/**
 * What the pointer does over the overview, where cards are only drawn: a click selects, a
 * double-click goes there, a box drawn with Shift selects what it touches.
 */

import type { MouseEvent } from "react";
import { around, type Box } from "../../graph/boxes";
import type { Point, Rect } from "../../graph/document";
import { activeDocument } from "../../store/documents";
import { useEditor } from "../../store/store";
import { GROUP_PREFIX, shownBoxes } from "../boxes";
import { canvas, glide, toGraph } from "../instance";

/** Zoom at which cards can be read and worked with. */
const CLOSE = 0.8;
let boxFrom: Point | null = null;

/** The topmost card or note at a place of the window. */
export function boxAt(event: { clientX: number; clientY: number }): Box | undefined {
  const [x, y] = toGraph([event.clientX, event.clientY]);
  return shownBoxes(useEditor.getState(), "all").findLast(
    ({ id, rect }) => !id.startsWith(GROUP_PREFIX) && touches([x, y, 0, 0], rect),
  );
}

export function selectAt(event: MouseEvent): void {
  const state = useEditor.getState();
  const hit = boxAt(event)?.id;
  const adds = event.ctrlKey || event.metaKey || event.shiftKey;
  const selection = new Set(adds ? activeDocument(state)?.selection : []);
  if (hit !== undefined && !selection.delete(hit)) selection.add(hit);
  state.select(selection);
}

export function goTo(event: MouseEvent): void {
  const frame = around([boxAt(event)].filter((box) => box !== undefined));
  const [x, y] = toGraph([event.clientX, event.clientY]);
  const middle = frame ? [frame[0] + frame[2] / 2, frame[1] + frame[3] / 2] : [x, y];
  void canvas()?.setCenter(middle[0] ?? x, middle[1] ?? y, { zoom: CLOSE, duration: glide() });
}

export function startBox(event: MouseEvent): void {
  boxFrom = toGraph([event.clientX, event.clientY]);
}

export function endBox(event: MouseEvent): void {
  if (!boxFrom) return;
  const [x, y] = toGraph([event.clientX, event.clientY]);
  const rect: Rect = [
    Math.min(x, boxFrom[0]),
    Math.min(y, boxFrom[1]),
    Math.abs(x - boxFrom[0]),
    Math.abs(y - boxFrom[1]),
  ];
  boxFrom = null;
  const state = useEditor.getState();
  const hit = shownBoxes(state, "all").filter((box) => touches(rect, box.rect));
  state.select(hit.map(({ id }) => id).filter((id) => !id.startsWith(GROUP_PREFIX)));
}

function touches([x, y, width, height]: Rect, other: Rect): boolean {
  return (
    x <= other[0] + other[2] &&
    other[0] <= x + width &&
    y <= other[1] + other[3] &&
    other[1] <= y + height
  );
}
