/** Saved workflows: the list of them, and saving without losing what somebody else saved. */

import type { StateCreator } from "zustand";
import { api } from "../api/client";
import { ApiError } from "../api/http";
import type { SavedEntry } from "../api/types";
import { readDocument } from "../graph/read";
import { writeDocument } from "../graph/write";
import { text } from "../i18n";
import type { EditorState } from "./store";

/** A save that was refused, as another revision is there than it was made on. */
export interface Conflict {
  readonly document: string;
  readonly name: string;
  /** The revision that is there; 0 if the workflow was deleted. */
  readonly current: number;
}

export interface LibrarySlice {
  /** Null until it was asked for. */
  readonly library: readonly SavedEntry[] | null;
  readonly conflict: Conflict | null;

  loadLibrary(): Promise<void>;
  /** Opens a saved workflow, or shows the tab that has it. */
  openSaved(name: string): Promise<void>;
  /**
   * Saves a document under its name, or another. Without `revision` it is saved over the
   * revision that it was made on. A conflict is put into the state.
   */
  save(document: string, name: string, revision?: number): Promise<boolean>;
  /** Gives a saved workflow another name, and its document a title; tabs follow. */
  renameSaved(name: string, wanted: string, title: string): Promise<void>;
  /** Takes what the server has in place of what a tab has; undo brings that back. */
  takeSaved(document: string, name: string): Promise<void>;
  setConflict(conflict: Conflict | null): void;
  /** Looks what is saved now: the list if it is shown, and whether a tab fell behind. */
  noteSaved(): Promise<void>;
}

export const librarySlice: StateCreator<EditorState, [], [], LibrarySlice> = (set, get) => ({
  library: null,
  conflict: null,

  async loadLibrary() {
    const { workflows } = await api.savedWorkflows();
    set({ library: workflows });
  },

  async openSaved(name) {
    const { documents, order, activate, open } = get();
    const shown = order.find((id) => documents[id]?.savedAs === name);
    if (shown) return activate(shown);
    const { workflow, revision } = await api.saved(name);
    open(readDocument(workflow), { savedAs: name, revision });
  },

  async save(id, name, revision) {
    const write = async () => {
      const document = get().documents[id];
      if (!document) return;
      // What is changed while the server writes stays unsaved.
      const graph = document.history.document;
      const expected = revision ?? (document.savedAs === name ? document.revision : 0);
      const written = await api.save(name, writeDocument(graph), expected);
      get().markSaved(id, graph, written.name, written.revision);
    };
    try {
      await inTurn(write);
      set({ conflict: null });
      return true;
    } catch (error) {
      const current = conflictOf(error);
      if (current === null) throw error;
      set({ conflict: { document: id, name, current } });
      return false;
    }
  },

  async renameSaved(name, wanted, title) {
    await inTurn(async () => {
      const renamed = await api.renameSaved(name, { name: wanted, title });
      get().follow({ was: name, ...renamed });
    });
    await get().loadLibrary();
  },

  async takeSaved(id, name) {
    const saved = await api.saved(name);
    const graph = readDocument(saved.workflow);
    get().replace(id, graph);
    get().markSaved(id, graph, saved.name, saved.revision);
    set({ conflict: null });
  },

  setConflict: (conflict) => set({ conflict }),

  async noteSaved() {
    const { workflows } = await api.savedWorkflows();
    set({ library: workflows });
    await last; // a save of this window is no news
    for (const id of get().order) {
      const document = get().documents[id];
      const entry = workflows.find(({ name }) => name === document?.savedAs);
      if (!document || !entry || entry.revision <= document.revision) continue;
      const { name } = entry;
      if (behind.get(id) === entry.revision) continue;
      behind.set(id, entry.revision);
      get().notify({
        kind: "info",
        text: text("doc.changed_elsewhere", { name }),
        action: { label: text("doc.take_theirs"), run: () => void get().takeSaved(id, name) },
      });
    }
  },
});

/** Of which newer revision of its workflow people were told, by the tab. */
const behind = new Map<string, number>();
let last: Promise<unknown> = Promise.resolve();

/** One save after another: each is made on the revision that the one before has made. */
function inTurn(save: () => Promise<void>): Promise<void> {
  const saving = last.then(save);
  last = saving.catch(() => {});
  return saving;
}

function conflictOf(error: unknown): number | null {
  if (!(error instanceof ApiError) || error.status !== 409) return null;
  const { current } = (error.body ?? {}) as { current?: unknown };
  return typeof current === "number" ? current : null;
}
