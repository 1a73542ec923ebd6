/**
 * Copy, cut and paste over the system's clipboard, so that parts go between windows too. Keys
 * come as the browser's own events, which need no permission; menus ask for the clipboard.
 */

import { addPart } from "../../commands/graph";
import { around } from "../../graph/boxes";
import { copyOf, pasted } from "../../graph/clipboard";
import type { Graph, Point } from "../../graph/document";
import { readText } from "../../graph/read";
import { writeText } from "../../graph/write";
import { GRID } from "../../store/canvas";
import { activeDocument } from "../../store/documents";
import { activeLevel } from "../../store/selectors";
import { useEditor } from "../../store/store";
import { cardBoxes, frameBoxes } from "../boxes";
import { lastPointer, middleOfView, toGraph } from "../instance";

/** What was copied last here, for windows that may not read the clipboard. */
let kept = "";

/** What is selected as text, or null. */
function copiedText(): string | null {
  const state = useEditor.getState();
  const level = activeLevel(state);
  const part = level && copyOf(level, activeDocument(state)?.selection ?? new Set());
  if (!part) return null;
  kept = writeText(part);
  return kept;
}

export function copySelection(): void {
  const text = copiedText();
  if (text !== null) void navigator.clipboard?.writeText(text).catch(() => undefined);
}

/** Puts in what is on the clipboard; with its links from outside, where these are here. */
export async function pasteClipboard(outside: boolean): Promise<void> {
  let text = kept;
  try {
    text = await navigator.clipboard.readText();
  } catch {
    // Not allowed, or no secure page: what was copied in this window is what there is.
  }
  pasteText(text, outside);
}

/** Puts a workflow or a part of one in at the pointer; false if the text is none. */
export function pasteText(text: string, outside: boolean): boolean {
  const part = partOf(text);
  const level = activeLevel(useEditor.getState());
  if (!part || !level) return false;
  const boxes = [...frameBoxes(part), ...cardBoxes({ ...level, graph: part }, new Map())];
  const frame = around(boxes);
  if (!frame) return false;
  const at = lastPointer();
  const [x, y] = at ? toGraph(at) : middleOfView();
  const by: Point = [snap(x - frame[0] - frame[2] / 2), snap(y - frame[1] - frame[3] / 2)];
  put(part, clear(level.graph, part, by), outside);
  return true;
}

/** A copy of the selection beside it, fed by the same nodes. */
export function duplicateSelection(): void {
  const state = useEditor.getState();
  const level = activeLevel(state);
  const part = level && copyOf(level, activeDocument(state)?.selection ?? new Set());
  if (part) put(part, clear(level.graph, part, [3 * GRID, 3 * GRID]), true);
}

function put(part: Graph, by: Point, outside: boolean): void {
  const { execute, select } = useEditor.getState();
  const level = activeLevel(useEditor.getState());
  if (!level) return;
  const { part: copy, selection } = pasted(level, part, by, outside);
  execute(addPart({ part: copy }));
  select(selection);
}

/** The way to go, and on until no card comes to lie exactly on another one. */
function clear(graph: Graph, part: Graph, [x, y]: Point): Point {
  const taken = new Set(Object.values(graph.nodes).map((node) => node.position.join()));
  let by: Point = [x, y];
  const covers = () =>
    Object.values(part.nodes).some(({ position }) =>
      taken.has([position[0] + by[0], position[1] + by[1]].join()),
    );
  while (covers()) by = [by[0] + 3 * GRID, by[1] + 3 * GRID];
  return by;
}

function partOf(text: string): Graph | null {
  if (!text.trimStart().startsWith("{")) return null;
  try {
    return readText(text);
  } catch {
    return null;
  }
}

function snap(value: number): number {
  return Math.round(value / GRID) * GRID;
}

/** Answers the browser's copy, cut and paste; returns how to stop. */
export function listenForClipboard(removeSelection: () => void): () => void {
  const onCopy = (event: ClipboardEvent) => {
    if (isText(event)) return;
    const text = copiedText();
    if (text === null) return;
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    if (event.type === "cut") removeSelection();
  };
  const onPaste = (event: ClipboardEvent) => {
    if (event.defaultPrevented || isText(event)) return;
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (pasteText(text, false)) event.preventDefault();
  };
  const listeners = { copy: onCopy, cut: onCopy, paste: onPaste };
  const each = Object.entries(listeners) as ["copy", typeof onCopy][];
  for (const [type, listener] of each) window.addEventListener(type, listener);
  return () => {
    for (const [type, listener] of each) window.removeEventListener(type, listener);
  };
}

/** Whether the event is about a text: in a field, in a dialog, or one that is marked. */
function isText(event: ClipboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("input, textarea, select, dialog, [contenteditable=true]")) return true;
  return event.type !== "paste" && (window.getSelection()?.toString() ?? "") !== "";
}
