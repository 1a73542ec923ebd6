/** Runs and the queue, kept up by the websocket. */

import type { StateCreator } from "zustand";
import { api } from "../api/client";
import { ApiError } from "../api/http";
import type { Hello, PreviewHeader, ServerEvent } from "../api/types";
import type { Problem } from "../graph/catalogue";
import { writeForRun } from "../graph/write";
import { activeDocument } from "./documents";
import { applyEvents, NO_RUNS, type RunsState, viewOf } from "./runEvents";
import type { EditorState } from "./store";

export interface RunsSlice extends RunsState {
  readonly connected: boolean;
  /** Object URLs of the latest preview, by `run_id/node`. */
  readonly previews: Readonly<Record<string, string>>;
  /** What the server refused about the active document's last submission. */
  readonly refused: readonly Problem[];

  setConnected(connected: boolean): void;
  hello(hello: Hello): void;
  receive(events: readonly ServerEvent[]): void;
  preview(header: PreviewHeader, picture: Blob): void;
  /** Runs the active document, or only what `targets` (nodes of its top level) need. */
  submit(targets?: readonly string[]): Promise<void>;
  cancel(run: string): Promise<void>;
}

const MOST_PREVIEWS = 200;

export function previewKey(run: string, node: string): string {
  return `${run}/${node}`;
}

export const runsSlice: StateCreator<EditorState, [], [], RunsSlice> = (set, get) => ({
  ...NO_RUNS,
  connected: false,
  previews: {},
  refused: [],

  setConnected: (connected) => set({ connected }),

  hello: (hello) =>
    set((state) => {
      if (!hello.reset) return {};
      const told = (hello.runs ?? []).map((run) => [run.run_id, viewOf(run)] as const);
      return {
        runs: { ...state.runs, ...Object.fromEntries(told) },
        queue: hello.queue ?? state.queue,
      };
    }),

  receive: (events) => set((state) => applyEvents(state, events)),

  preview: (header, picture) => {
    const key = previewKey(header.run_id, header.node);
    const { [key]: old, ...others } = get().previews;
    if (old) URL.revokeObjectURL(old);
    const kept = Object.entries(others).slice(-MOST_PREVIEWS);
    for (const [, url] of Object.entries(others).slice(0, -MOST_PREVIEWS)) URL.revokeObjectURL(url);
    set({ previews: { ...Object.fromEntries(kept), [key]: URL.createObjectURL(picture) } });
  },

  async submit(targets) {
    const document = activeDocument(get());
    if (!document) return;
    const graph = document.history.document;
    set({ refused: [] });
    try {
      const accepted = await api.submit({
        workflow: writeForRun(graph),
        name: graph.name,
        ...(targets && { targets }),
      });
      get().patchDocument(document.id, { run: accepted.run_id });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      set({ refused: error.problems });
    }
  },

  async cancel(run) {
    try {
      await api.cancel(run);
    } catch (error) {
      // 409: it has finished meanwhile, and the event says so.
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
    }
  },
});
