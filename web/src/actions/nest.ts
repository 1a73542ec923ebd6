/** Actions on subgraphs, and on what opens and closes: going in and out, writing, leaving. */

import { GROUP_PREFIX, NOTE_PREFIX, shownBoxes } from "../canvas/boxes";
import { makeSubgraph, replaceLevel } from "../commands/graph";
import { around } from "../graph/boxes";
import { freshId, type NodeRecord, type Point, SUBGRAPH_PREFIX } from "../graph/document";
import { extractionProblem } from "../graph/extract";
import { drawnSpec } from "../graph/ghost";
import { linksFrom } from "../graph/links";
import { definedAt, findSubgraph, type Level, subgraphName } from "../graph/subgraphs";
import { unpack } from "../graph/unpack";
import { text } from "../i18n";
import { activeDocument, activeGraph } from "../store/documents";
import { activeLevel, selectedNodes } from "../store/selectors";
import { type EditorState, useEditor } from "../store/store";
import type { Action } from "./action";
import { focusedField, onCanvas } from "./focus";

const get = useEditor.getState;

export const nestActions = {
  "nest.make": {
    label: "nest.make",
    run: make,
    enabled: (state) => selectedNodes(state).length > 0,
  },
  "nest.unpack": {
    label: "nest.unpack",
    run: unpackSelected,
    enabled: (state) => subgraphs(state).length > 0,
  },
  "nest.enter": {
    label: "nest.enter",
    run: enter,
    enabled: (state) => innerPath(state) !== null,
  },
  "nest.leave": {
    label: "nest.leave",
    run: () => get().leave(),
    enabled: (state) => (activeDocument(state)?.through.length ?? 0) > 0,
  },
  "edit.rename": {
    label: "edit.rename",
    run: () => get().setCanvas({ editing: only(get()) }),
    enabled: (state) => only(state) !== null,
  },
  "edit.open": {
    label: "edit.open",
    run: openSelected,
    enabled: (state) => onCanvas() && (only(state) !== null || focusedNode() !== null),
  },
  "edit.escape": { label: "edit.escape", run: goOut, enabled: escapable },
} satisfies Record<string, Action>;

function make(): void {
  const level = activeLevel(get());
  const ids = selectedNodes(get()).map((node) => node.id);
  if (!level) return;
  const problem = extractionProblem(level.graph, ids);
  if (problem === "cycle" || problem === "mixed") {
    get().notify({ kind: "info", text: text(`nest.${problem}`) });
    return;
  }
  const frame = around(shownBoxes(get(), "selected"));
  const [x, y] = frame ? [frame[0] + frame[2] / 2 - 125, frame[1] + frame[3] / 2 - 60] : [0, 0];
  const title = text("nest.subgraph");
  const name = freshId("subgraph", (wish) => findSubgraph(level, wish) !== null);
  const number = /_(\d+)$/.exec(name)?.[1];
  const id = freshId(name, (wish) => wish in level.graph.nodes && !ids.includes(wish));
  const chosen = [...(activeDocument(get())?.selection ?? [])];
  const named = (prefix: string) =>
    chosen.filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length));
  get().execute(
    makeSubgraph({
      ids,
      groups: named(GROUP_PREFIX),
      notes: named(NOTE_PREFIX),
      name,
      title: number ? `${title} ${number}` : title,
      id,
      position: [Math.round(x / 10) * 10, Math.round(y / 10) * 10],
      open: openOutputs(level, ids),
    }),
  );
  get().select([id]);
  get().setCanvas({ editing: id });
}

/** Outputs of the chosen nodes that nothing is linked to. */
function openOutputs(level: Level, ids: readonly string[]): string[] {
  const from = linksFrom(level.graph);
  return ids.flatMap((id) => {
    const node = level.graph.nodes[id];
    const used = new Set((from.get(id) ?? []).map((link) => link.output));
    const outputs = node ? Object.keys(drawnSpec(level, node).outputs) : [];
    return outputs.filter((output) => !used.has(output)).map((output) => `${id}.${output}`);
  });
}

function subgraphs(state: EditorState): readonly NodeRecord[] {
  return selectedNodes(state).filter((node) => node.type.startsWith(SUBGRAPH_PREFIX));
}

function unpackSelected(): void {
  const selection: string[] = [];
  for (const node of subgraphs(get())) {
    const level = activeLevel(get());
    const inner = level && findSubgraph(level, subgraphName(node) ?? "");
    if (!level || !inner) continue;
    const places = Object.values(inner.graph.nodes).map((one) => one.position);
    const left = Math.min(...places.map(([x]) => x));
    const top = Math.min(...places.map(([, y]) => y));
    const by: Point = [node.position[0] - left, node.position[1] - top];
    const done = unpack(level, node.id, by);
    if (!done) continue;
    get().execute(replaceLevel({ graph: done.graph }));
    selection.push(...done.selection);
  }
  get().select(selection);
}

/** Where the subgraph of the one selected node is defined. */
function innerPath(state: EditorState) {
  const document = activeDocument(state);
  const [node, ...others] = selectedNodes(state);
  const name = node && others.length === 0 ? subgraphName(node) : null;
  if (!document || !node || name === null) return null;
  const path = definedAt(document.history.document, document.path, name);
  return path && { node: node.id, path };
}

function enter(): void {
  const inner = innerPath(get());
  if (inner) get().enter(inner.node, inner.path);
}

/** The one thing that is selected and can be written in, by its id on the canvas. */
function only(state: EditorState): string | null {
  const [id, ...others] = activeDocument(state)?.selection ?? [];
  return id === undefined || others.length > 0 || id.startsWith("link/") ? null : id;
}

/** A node that Tab has come to without selecting it. */
function focusedNode(): string | null {
  const focus = document.activeElement?.closest<HTMLElement>(".react-flow__node");
  return focus?.dataset.id ?? null;
}

/** Goes into a subgraph, into a note, or to the first field of a card. */
function openSelected(): void {
  const id = only(get());
  if (id === null) {
    get().select([focusedNode() ?? ""].filter(Boolean));
  } else if (innerPath(get())) {
    enter();
  } else if (activeGraph(get())?.nodes[id]) {
    const card = document.querySelector(`[data-node="${CSS.escape(id)}"]`);
    card?.querySelector<HTMLElement>("input, textarea, select, [role=button]")?.focus();
  } else {
    get().setCanvas({ editing: id });
  }
}

function escapable(state: EditorState): boolean {
  if (state.form || state.search || document.querySelector("dialog[open]")) return false;
  const field = focusedField();
  if (state.menu) return true;
  if (field) return mayLeave(field);
  const shown = activeDocument(state);
  return (shown?.selection.size ?? 0) > 0 || (shown?.through.length ?? 0) > 0;
}

/** Whether Escape goes out of a field; a search that says something is cleared by it. */
function mayLeave(field: HTMLElement): boolean {
  if (!field.closest(".canvas, .side")) return false;
  return !(field instanceof HTMLInputElement && field.type === "search" && field.value !== "");
}

/** Nothing is selected then, and Tab goes through the window as everywhere. */
function leaveNode(): void {
  get().select([]);
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

/** Out of the innermost thing: the menu, the field, the selection, the subgraph. */
function goOut(): void {
  const field = focusedField();
  if (get().menu) get().setCanvas({ menu: null });
  else if (field) field.blur();
  else if ((activeDocument(get())?.selection.size ?? 0) > 0) leaveNode();
  else get().leave();
}
