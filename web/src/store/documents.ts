/** Open documents (tabs): their history, where in them one is, and what is selected. */

import type { StateCreator } from "zustand";
import type { Change } from "../commands/command";
import { execute, type History, redo, startHistory, undo } from "../commands/history";
import { type Graph, graphAt, type Path } from "../graph/document";
import { pathThrough } from "../graph/subgraphs";
import type { EditorState } from "./store";

export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export interface OpenDocument {
  readonly id: string;
  /** Under which the server has it; null for one that was never saved. */
  readonly savedAs: string | null;
  readonly revision: number;
  /** The document as it was saved last; another one means unsaved changes. */
  readonly saved: Graph;
  readonly history: History;
  /** The subgraph that is shown, and the nodes one went through to it. */
  readonly path: Path;
  readonly through: readonly string[];
  /** Ids on the canvas: nodes by their own, others as `group/ID`, `note/ID`, `link/ID`. */
  readonly selection: ReadonlySet<string>;
  /** By `path.join("/")`. */
  readonly viewports: Readonly<Record<string, Viewport>>;
  /** The run whose progress and results the canvas shows. */
  readonly run: string | null;
}

export interface DocumentsSlice {
  readonly documents: Readonly<Record<string, OpenDocument>>;
  /** Ids in the order of the tabs. */
  readonly order: readonly string[];
  readonly active: string | null;

  open(graph: Graph, about?: { savedAs?: string; revision?: number }): string;
  close(id: string): void;
  activate(id: string): void;
  /** Changes the document at the level that is shown, as one step of its history. */
  execute(change: Change | readonly Change[], merge?: string): void;
  undo(): void;
  redo(): void;
  select(ids: Iterable<string>): void;
  /** Goes into the subgraph of a node, defined at `path`. */
  enter(node: string, path: Path): void;
  /** Goes out, `levels` of them. */
  leave(levels?: number): void;
  patchDocument(id: string, fields: Partial<OpenDocument>): void;
}

const NOTHING: ReadonlySet<string> = new Set();
let opened = 0;

export const documentsSlice: StateCreator<EditorState, [], [], DocumentsSlice> = (set, get) => {
  const patch = (id: string, fields: Partial<OpenDocument>) =>
    set(({ documents }) => {
      const before = documents[id];
      return before ? { documents: { ...documents, [id]: { ...before, ...fields } } } : {};
    });

  const travel = (go: (history: History) => History) => {
    const document = activeDocument(get());
    if (!document) return;
    const history = go(document.history);
    if (history === document.history) return;
    const gone = !graphAt(history.document, document.path);
    patch(document.id, {
      history,
      ...(gone ? { path: [], through: [], selection: NOTHING } : pruned(document, history)),
    });
  };

  return {
    documents: {},
    order: [],
    active: null,

    open(graph, { savedAs, revision } = {}) {
      opened += 1;
      const id = `${Date.now().toString(36)}-${opened}`;
      const document: OpenDocument = {
        id,
        savedAs: savedAs ?? null,
        revision: revision ?? 0,
        saved: graph,
        history: startHistory(graph),
        path: [],
        through: [],
        selection: NOTHING,
        viewports: {},
        run: null,
      };
      set(({ documents, order }) => ({
        documents: { ...documents, [id]: document },
        order: [...order, id],
        active: id,
      }));
      return id;
    },

    close: (id) =>
      set(({ documents, order, active }) => {
        const { [id]: _, ...others } = documents;
        const left = order.filter((other) => other !== id);
        const next = left[Math.max(0, order.indexOf(id) - 1)] ?? null;
        return { documents: others, order: left, active: active === id ? next : active };
      }),

    activate: (active) => set({ active, gesture: null, linking: null }),

    execute(change, merge) {
      const document = activeDocument(get());
      if (!document) return;
      const changes = Array.isArray(change) ? (change as readonly Change[]) : [change as Change];
      const step = { path: document.path, changes, ...(merge && { merge }) };
      const history = execute(document.history, step, Date.now());
      if (history === document.history) return;
      patch(document.id, { history, ...pruned(document, history) });
    },

    undo: () => travel(undo),
    redo: () => travel(redo),

    select(ids) {
      const document = activeDocument(get());
      if (!document) return;
      const selection = new Set(ids);
      if (sameSet(selection, document.selection)) return;
      patch(document.id, { selection });
    },

    enter(node, path) {
      const document = activeDocument(get());
      if (!document || !graphAt(document.history.document, path)) return;
      patch(document.id, { path, through: [...document.through, node], selection: NOTHING });
    },

    leave(levels = 1) {
      const document = activeDocument(get());
      if (!document || document.through.length === 0) return;
      const through = document.through.slice(0, -levels);
      const path = pathThrough(document.history.document, through);
      const last = document.through[through.length];
      patch(document.id, { path, through, selection: new Set(last ? [last] : []) });
    },

    patchDocument: patch,
  };
};

/** The selection without what is gone. */
function pruned(document: OpenDocument, history: History): Partial<OpenDocument> {
  const graph = graphAt(history.document, document.path);
  if (!graph || document.selection.size === 0) return {};
  const left = [...document.selection].filter((id) => {
    if (id.startsWith("group/")) return id.slice(6) in graph.groups;
    if (id.startsWith("note/")) return id.slice(5) in graph.notes;
    return id.startsWith("link/") || id in graph.nodes;
  });
  return left.length === document.selection.size ? {} : { selection: new Set(left) };
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((item) => b.has(item));
}

export function activeDocument(state: EditorState): OpenDocument | null {
  return state.active ? (state.documents[state.active] ?? null) : null;
}

/** The records that the canvas shows. */
export function activeGraph(state: EditorState): Graph | null {
  const document = activeDocument(state);
  return document ? (graphAt(document.history.document, document.path) ?? null) : null;
}

export function isUnsaved(document: OpenDocument): boolean {
  return document.history.document !== document.saved;
}
