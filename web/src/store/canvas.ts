/** Gestures and short-lived things on the canvas: its menu, names being edited, snapping. */

import type { StateCreator } from "zustand";
import type { Point, Size } from "../graph/document";
import type { Bends } from "../graph/dots";
import type { EditorState } from "./store";

/** The context menu: of the open canvas, of what is selected, of a link or an output. */
export interface Menu {
  readonly on: "canvas" | "selection" | "link" | "output";
  /** The id of the link, or the output as `node.output`. */
  readonly of?: string;
  /** Where it opens, in pixels of the window, and in the coordinates of the graph. */
  readonly screen: Point;
  readonly at: Point;
}

export interface CanvasSlice {
  readonly menu: Menu | null;
  /** The menu whose entry is being carried out. */
  readonly lastMenu: Menu | null;
  /** What is being written: a node, `group/ID`, `note/ID`, or `in/NAME` and `out/NAME`. */
  readonly editing: string | null;
  /** The card or frame that is being resized, by its id on the canvas. */
  readonly resizing: { readonly id: string; readonly size: Size } | null;
  /** Where the bends of links are while a dot is dragged, by the ids of the links. */
  readonly bending: Bends | null;
  /** Whether what is moved stays on the grid. */
  readonly snap: boolean;

  setCanvas(fields: Partial<Fields>): void;
}

type Fields = Omit<CanvasSlice, "setCanvas">;

/** Distance of the lines that positions snap to. */
export const GRID = 10;
const REMEMBERED = "graphgen.snap";

export const canvasSlice: StateCreator<EditorState, [], [], CanvasSlice> = (set) => ({
  menu: null,
  lastMenu: null,
  editing: null,
  resizing: null,
  bending: null,
  snap: recalled(),
  setCanvas(fields) {
    set(fields);
    if (fields.snap === undefined) return;
    try {
      localStorage.setItem(REMEMBERED, String(fields.snap));
    } catch {
      // Without storage (a private window) the choice holds for this visit.
    }
  },
});

function recalled(): boolean {
  try {
    return localStorage.getItem(REMEMBERED) !== "false";
  } catch {
    return true;
  }
}
