/** Open documents (tabs): their history, where in them one is, and what is selected. */

import type { StateCreator } from "zustand";
import type { Change } from "../commands/command";
import { replaceDocument } from "../commands/document";
import { setAbout } from "../commands/graph";
import { execute, type History, redo, startHistory, undo } from "../commands/history";
import { EMPTY_GRAPH, type Graph, graphAt, type Path } from "../graph/document";
import { pathThrough } from "../graph/subgraphs";
import { followTabs, type Moved } from "./follow";
import type { EditorState } from "./store";
import { closeTab, moveTab, NO_TABS, reopenTab, type Tabs } from "./tabs";

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
  /** Runs whose results are shown, the newest last: one stays until others made all it did. */
  readonly results: readonly string[];
}

/** Where a document came from; `unsaved` marks it at once, as it is nowhere else. */
export interface Origin {
  readonly savedAs?: string;
  readonly revision?: number;
  readonly run?: string;
  readonly unsaved?: boolean;
}

export interface DocumentsSlice extends Tabs {
  open(graph: Graph, origin?: Origin): string;
  close(id: string): void;
  /** Opens a closed tab again, the last one if none is named. */
  reopen(id?: string): void;
  move(id: string, to: number): void;
  /** A saved workflow was named anew, here or elsewhere. */
  follow(moved: Moved): void;
  rename(id: string, name: string): void;
  /** Puts another graph in the place of a document's, as a step of its history. */
  replace(id: string, graph: Graph): void;
  /** Notes that a document is on the server as `graph`. */
  markSaved(id: string, graph: Graph, savedAs: string, revision: number): void;
  /** Brings back the tabs of an earlier visit, before those that are open. */
  restore(tabs: Tabs): void;
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
/** What belongs to the tab that was shown. */
const LEAVING = { gesture: null, linking: null, wiring: null, refused: [] } as const;
let opened = 0;

export const documentsSlice: StateCreator<EditorState, [], [], DocumentsSlice> = (set, get) => {
  const patch = (id: string, fields: Partial<OpenDocument>) =>
    set(({ documents }) => {
      const before = documents[id];
      return before ? { documents: { ...documents, [id]: { ...before, ...fields } } } : {};
    });

  /** Does changes at a level of a document, as one step of its history. */
  const change = (id: string, path: Path, changes: readonly Change[], merge?: string) => {
    const document = get().documents[id];
    if (!document) return;
    const step = { path, changes, ...(merge && { merge }) };
    moved(document, execute(document.history, step, Date.now()));
  };

  const moved = (document: OpenDocument, history: History) => {
    if (history === document.history) return;
    const gone = !graphAt(history.document, document.path);
    patch(document.id, {
      history,
      ...(gone ? { path: [], through: [], selection: NOTHING } : pruned(document, history)),
    });
  };

  const travel = (go: (history: History) => History) => {
    const document = activeDocument(get());
    if (document) moved(document, go(document.history));
  };

  return {
    ...NO_TABS,

    open(graph, origin = {}) {
      opened += 1;
      const id = `${Date.now().toString(36)}-${opened}`;
      const document = openDocument(id, graph, origin);
      set(({ documents, order }) => ({
        documents: { ...documents, [id]: document },
        order: [...order, id],
        active: id,
        ...LEAVING,
      }));
      return id;
    },

    close: (id) => set((tabs) => ({ ...closeTab(tabs, id), ...LEAVING })),
    reopen: (id) => set((tabs) => ({ ...reopenTab(tabs, id), ...LEAVING })),
    move: (id, to) => set((tabs) => moveTab(tabs, id, to)),
    follow: (moved) => set((tabs) => followTabs(tabs, moved, Date.now())),
    rename: (id, name) => change(id, [], [setAbout({ name })]),
    replace: (id, graph) => change(id, [], [replaceDocument({ graph })]),
    markSaved: (id, saved, savedAs, revision) => patch(id, { saved, savedAs, revision }),

    restore: (tabs) =>
      set(({ documents, order, active }) => ({
        documents: { ...tabs.documents, ...documents },
        order: [...tabs.order, ...order],
        active: active ?? tabs.active ?? tabs.order[0] ?? null,
        closed: tabs.closed,
      })),

    activate: (active) => set({ active, ...LEAVING }),

    execute(changes, merge) {
      const document = activeDocument(get());
      if (!document) return;
      const list = Array.isArray(changes) ? (changes as readonly Change[]) : [changes as Change];
      change(document.id, document.path, list, merge);
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

export function openDocument(id: string, graph: Graph, origin: Origin = {}): OpenDocument {
  return {
    id,
    savedAs: origin.savedAs ?? null,
    revision: origin.revision ?? 0,
    saved: origin.unsaved ? EMPTY_GRAPH : graph,
    history: startHistory(graph),
    path: [],
    through: [],
    selection: NOTHING,
    viewports: {},
    run: origin.run ?? null,
    results: origin.run === undefined ? [] : [origin.run],
  };
}

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
