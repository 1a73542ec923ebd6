/** Actions on where things are: align, lay out, group, and moves by the keyboard. */

import { GROUP_PREFIX, groupAround, shownBoxes } from "../canvas/boxes";
import { canvas, glide, lastPointer, middleOfView, toGraph } from "../canvas/instance";
import { inReadingOrder } from "../canvas/ports";
import { bringIntoView, showBoxes } from "../canvas/tools/looking";
import { placeOf, placing, withMembers } from "../canvas/tools/moving";
import { putGroup, putNote, removeGroups } from "../commands/graph";
import { type Axis, align, distribute, type Edge, type Positions } from "../graph/boxes";
import { freshId, type Point } from "../graph/document";
import { text } from "../i18n";
import { GRID } from "../store/canvas";
import { activeDocument, activeGraph } from "../store/documents";
import { selectedNodes } from "../store/selectors";
import { type EditorState, useEditor } from "../store/store";
import type { Action } from "./action";
import { nearCanvas, onCanvas } from "./focus";

const get = useEditor.getState;
const several = (state: EditorState) => shownBoxes(state, "selected").length > 1;
const atLeastThree = (state: EditorState) => shownBoxes(state, "selected").length > 2;
const isOpen = (state: EditorState) => activeDocument(state) !== null;

export const arrangeActions = {
  "arrange.left": aligning("left", "arrange.left"),
  "arrange.center": aligning("center", "arrange.center"),
  "arrange.right": aligning("right", "arrange.right"),
  "arrange.top": aligning("top", "arrange.top"),
  "arrange.middle": aligning("middle", "arrange.middle"),
  "arrange.bottom": aligning("bottom", "arrange.bottom"),
  "arrange.across": distributing("horizontal", "arrange.across"),
  "arrange.down": distributing("vertical", "arrange.down"),
  "arrange.layout": {
    label: "arrange.layout",
    run: () => void import("../canvas/tools/layout").then(({ layOut }) => layOut()),
    enabled: (state) => Object.keys(activeGraph(state)?.nodes ?? {}).length > 0,
  },
  "arrange.group": {
    label: "arrange.group",
    run: makeGroup,
    enabled: (state) => shownBoxes(state, "selected").length > 0,
  },
  "arrange.ungroup": {
    label: "arrange.ungroup",
    run: () => get().execute(removeGroups({ ids: selectedGroups(get()) })),
    enabled: (state) => selectedGroups(state).length > 0,
  },
  "arrange.note": { label: "arrange.note", run: makeNote, enabled: isOpen },
  "arrange.snap": {
    label: "arrange.snap",
    run: () => get().setCanvas({ snap: !get().snap }),
    checked: (state) => state.snap,
  },
  "view.selection": {
    label: "view.selection",
    run: () => showBoxes(shownBoxes(get(), "selected")),
    enabled: (state) => shownBoxes(state, "selected").length > 0,
  },
  "view.full_size": {
    label: "view.full_size",
    run: () => void canvas()?.zoomTo(1, { duration: glide() }),
    enabled: isOpen,
  },
  "move.left": moving(-1, 0),
  "move.right": moving(1, 0),
  "move.up": moving(0, -1),
  "move.down": moving(0, 1),
  "move.far_left": moving(-5, 0, "move.far"),
  "move.far_right": moving(5, 0, "move.far"),
  "move.far_up": moving(0, -5, "move.far"),
  "move.far_down": moving(0, 5, "move.far"),
  "select.next": stepping(1, "select.next"),
  "select.previous": stepping(-1, "select.previous"),
} satisfies Record<string, Action>;

function put(positions: Positions, merge?: string): void {
  const graph = activeGraph(get());
  if (graph) get().execute(placing(graph, withMembers(get(), positions)), merge);
}

function aligning(edge: Edge, label: Action["label"]): Action {
  const run = () => put(align(shownBoxes(get(), "selected"), edge));
  return { label, run, enabled: several };
}

function distributing(axis: Axis, label: Action["label"]): Action {
  const run = () => put(distribute(shownBoxes(get(), "selected"), axis));
  return { label, run, enabled: atLeastThree };
}

/** Moves the selection by steps of the grid; without one it moves the view. */
function moving(x: number, y: number, label: Action["label"] = "move.move"): Action {
  const run = () => {
    const graph = activeGraph(get());
    const places = [...(activeDocument(get())?.selection ?? [])].flatMap((id) => {
      const at = graph && placeOf(graph, id);
      return at ? [[id, [at[0] + x * GRID, at[1] + y * GRID] as Point] as const] : [];
    });
    if (places.length > 0) return put(Object.fromEntries(places), "arrow keys");
    const view = canvas()?.getViewport();
    if (view) void canvas()?.setViewport({ ...view, x: view.x - 60 * x, y: view.y - 60 * y });
  };
  return { label, run, enabled: (state) => isOpen(state) && nearCanvas() };
}

/** Selects the node after or before the selected one, in reading order. */
function stepping(by: 1 | -1, label: Action["label"]): Action {
  const run = () => {
    const graph = activeGraph(get());
    if (!graph) return;
    const order = Object.values(graph.nodes)
      .sort(inReadingOrder)
      .map((node) => node.id);
    const chosen = order.filter((id) => activeDocument(get())?.selection.has(id));
    const from = order.indexOf(chosen.at(by > 0 ? -1 : 0) ?? "");
    const next = order[(from + by + order.length) % order.length];
    if (next === undefined) return;
    get().select([next]);
    bringIntoView(shownBoxes(get(), "selected"));
  };
  // Without a selected node Tab goes through the window as everywhere.
  return { label, run, enabled: (state) => selectedNodes(state).length > 0 && onCanvas() };
}

function makeGroup(): void {
  const graph = activeGraph(get());
  const rect = groupAround(shownBoxes(get(), "selected"));
  if (!graph || !rect) return;
  const id = freshId("group", (wish) => wish in graph.groups);
  get().execute(putGroup({ group: { id, title: text("canvas.group"), rect } }));
  get().select([GROUP_PREFIX + id]);
  get().setCanvas({ editing: GROUP_PREFIX + id });
}

const NOTE = { width: 220, height: 120 };

function makeNote(): void {
  const graph = activeGraph(get());
  if (!graph) return;
  const pointer = lastPointer();
  const [x, y] = pointer ? toGraph(pointer) : middleOfView();
  const id = freshId("note", (wish) => wish in graph.notes);
  get().execute(putNote({ note: { id, text: "", rect: [x, y, NOTE.width, NOTE.height] } }));
  get().select([`note/${id}`]);
  get().setCanvas({ editing: `note/${id}` });
}

function selectedGroups(state: EditorState): string[] {
  return [...(activeDocument(state)?.selection ?? [])]
    .filter((id) => id.startsWith(GROUP_PREFIX))
    .map((id) => id.slice(GROUP_PREFIX.length));
}
