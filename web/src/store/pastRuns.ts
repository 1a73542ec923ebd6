/** The history of runs, a page at a time, for the list of runs and the gallery. */

import type { StateCreator } from "zustand";
import { api } from "../api/client";
import type { Run } from "../api/types";
import type { EditorState } from "./store";
import { tell } from "./tell";

export interface PastRunsSlice {
  /** Newest first; null until it was asked for. */
  readonly past: readonly Run[] | null;
  /** Where the next page begins; null if there is none. */
  readonly pastNext: string | null;
  /** The picture that the gallery shows large: `run/output/index`. */
  readonly viewed: string | null;

  /** Loads the newest page, and leaves what is known of older ones. */
  loadPast(): Promise<void>;
  loadMorePast(): Promise<void>;
  setViewed(picture: string | null): void;
}

const PAGE = 40;
/** Milliseconds in which runs that end are looked at together. */
const TOGETHER = 400;
let timer: ReturnType<typeof setTimeout> | undefined;
let loading = false;

export const pastRunsSlice: StateCreator<EditorState, [], [], PastRunsSlice> = (set, get) => ({
  setViewed: (viewed) => set({ viewed }),

  past: null,
  pastNext: null,
  viewed: null,

  async loadPast() {
    const page = await api.runs({ limit: PAGE });
    const ended = page.runs.filter(isOver);
    const { past, pastNext } = get();
    const fresh = new Set(page.runs.map((run) => run.run_id));
    const overlaps = past?.some((run) => fresh.has(run.run_id)) ?? false;
    // A gap between this page and what is known: begin anew.
    if (!past || !overlaps) return set({ past: ended, pastNext: page.next });
    const older = past.filter((run) => !fresh.has(run.run_id));
    set({ past: [...ended, ...older], pastNext: older.length > 0 ? pastNext : page.next });
  },

  async loadMorePast() {
    const { pastNext } = get();
    if (pastNext === null || loading) return;
    loading = true;
    try {
      const page = await api.runs({ limit: PAGE, before: pastNext });
      const known = new Set((get().past ?? []).map((run) => run.run_id));
      const more = page.runs.filter((run) => isOver(run) && !known.has(run.run_id));
      set({ past: [...(get().past ?? []), ...more], pastNext: page.next });
    } finally {
      loading = false;
    }
  },
});

/** Looks at the history again if anybody has looked at it. */
export function notePastRuns(get: () => EditorState): void {
  if (get().past === null || timer !== undefined) return;
  timer = setTimeout(() => {
    timer = undefined;
    get().loadPast().catch(tell);
  }, TOGETHER);
}

function isOver(run: Run): boolean {
  return run.status !== "queued" && run.status !== "running";
}
