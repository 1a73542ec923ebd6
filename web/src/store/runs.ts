/** Runs and the queue, kept up by the websocket. */

import type { StateCreator } from "zustand";
import { api } from "../api/client";
import { ApiError } from "../api/http";
import type { Hello, PreviewHeader, Queue, ServerEvent } from "../api/types";
import type { Problem } from "../graph/catalogue";
import { text } from "../i18n";
import type { OpenDocument } from "./documents";
import { notePastRuns } from "./pastRuns";
import { applyEvents, NO_RUNS, type RunsState, type RunView, viewOf } from "./runEvents";
import type { EditorState } from "./store";
import { submitActive, withOutputs } from "./submission";
import { tell } from "./tell";

export interface RunsSlice extends RunsState {
  readonly connected: boolean;
  /** Object URLs of the latest preview, by `run_id/node`. */
  readonly previews: Readonly<Record<string, string>>;
  /** What the server refused about the active document's last submission. */
  readonly refused: readonly Problem[];
  /** The document that a run was started from, by the run. */
  readonly owners: Readonly<Record<string, string>>;

  setConnected(connected: boolean): void;
  hello(hello: Hello): void;
  receive(events: readonly ServerEvent[]): void;
  preview(header: PreviewHeader, picture: Blob): void;
  /**
   * Runs the active document as often as the batch says, or only what `targets` (nodes of its
   * top level) need. Seeds that are not locked get new numbers once the server has taken the
   * first; the first run of a document takes them as they are: it may be to repeat a picture.
   */
  submit(targets?: readonly string[]): Promise<void>;
  cancel(run: string): Promise<void>;
  /** Asks for runs that are shown but not known, as after a reload. */
  recallRuns(ids: Iterable<string>): Promise<void>;
  setQueue(queue: Queue): void;
  notePriority(run: string, priority: number): void;
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
  owners: {},

  setConnected: (connected) => set({ connected }),

  hello: (hello) => {
    if (!hello.reset) return;
    const told = (hello.runs ?? []).map((run) => [run.run_id, viewOf(run)] as const);
    const active = new Set(told.map(([id]) => id));
    // What was active and is not any more ended while nobody listened.
    const ended = Object.values(get().runs).filter(
      ({ id, status }) => (status === "queued" || status === "running") && !active.has(id),
    );
    set((state) => ({
      runs: { ...state.runs, ...Object.fromEntries(told) },
      queue: hello.queue ?? state.queue,
    }));
    void get().recallRuns(ended.map(({ id }) => id));
    notePastRuns(get);
  },

  receive: (events) => {
    set((state) => {
      const { runs, queue } = applyEvents(state, events);
      const documents = followed({ ...state, runs }, events);
      return { runs: lately(runs, documents), queue, documents };
    });
    for (const event of events) {
      if (event.type === "run_finished" && event.status === "failed")
        tellFailure(get(), event.run_id);
    }
    if (events.some(({ type }) => type === "run_finished")) notePastRuns(get);
  },

  preview: (header, picture) => {
    const key = previewKey(header.run_id, header.node);
    const { [key]: old, ...others } = get().previews;
    if (old) URL.revokeObjectURL(old);
    const kept = Object.entries(others).slice(-MOST_PREVIEWS);
    for (const [, url] of Object.entries(others).slice(0, -MOST_PREVIEWS)) URL.revokeObjectURL(url);
    set({ previews: { ...Object.fromEntries(kept), [key]: URL.createObjectURL(picture) } });
  },

  submit: submitActive,

  async cancel(run) {
    try {
      await api.cancel(run);
    } catch (error) {
      // 409: it has finished meanwhile, and the event says so.
      if (!(error instanceof ApiError) || error.status !== 409) tell(error);
    }
  },

  async recallRuns(ids) {
    for (const id of new Set(ids)) {
      try {
        const run = viewOf(await api.run(id));
        set(({ runs }) => ({ runs: { ...runs, [id]: run } }));
      } catch (error) {
        // 404: the history was cleared, or it is another workspace's.
        if (!(error instanceof ApiError) || error.status !== 404) tell(error);
      }
    }
  },

  setQueue: (queue) => set({ queue }),

  notePriority: (id, priority) =>
    set(({ runs }) => {
      const run = runs[id];
      return run ? { runs: { ...runs, [id]: { ...run, priority } } } : {};
    }),
});

/** How many runs are known at most, and how many stay when there are more. */
const MOST_RUNS = 500;
const RUNS_LEFT = 300;

/** Forgets runs that ended long ago and that no document shows; the history has them. */
function lately(runs: RunsState["runs"], documents: EditorState["documents"]): RunsState["runs"] {
  const all = Object.values(runs);
  if (all.length <= MOST_RUNS) return runs;
  const shown = new Set(Object.values(documents).flatMap(({ run, results }) => [run, ...results]));
  const stays = ({ id, status }: RunView, index: number) =>
    index < RUNS_LEFT || status === "queued" || status === "running" || shown.has(id);
  const left = all.sort((a, b) => b.created - a.created).filter(stays);
  return Object.fromEntries(left.map((run) => [run.id, run]));
}

/** Says that a run failed whose document is not on the screen. */
function tellFailure({ owners, active, runs, notify, activate }: EditorState, run: string): void {
  const document = owners[run];
  if (document === undefined || document === active) return;
  const name = runs[run]?.name || text("app.untitled");
  const hint = runs[run]?.problems[0]?.message;
  notify({
    kind: "bad",
    text: text("run.failed_elsewhere", { name }),
    ...(hint && { hint }),
    action: { label: text("run.show"), run: () => activate(document) },
  });
}

/** Documents show the run of theirs that began last, and keep what was made last. */
function followed(state: EditorState, events: readonly ServerEvent[]): EditorState["documents"] {
  let { documents } = state;
  for (const event of events) {
    if (event.type !== "run_started" && event.type !== "run_finished") continue;
    const run = event.run_id;
    const id = state.owners[run] ?? shownIn(documents, run);
    const document = id === undefined ? undefined : documents[id];
    if (!document) continue;
    if (event.type === "run_finished") {
      documents = withOutputs({ runs: state.runs, documents }, document.id, run);
    }
    // One that failed, or made nothing, is what is shown.
    if (documents[document.id] === document) {
      documents = { ...documents, [document.id]: { ...document, run } };
    }
  }
  return documents;
}

function shownIn(
  documents: Readonly<Record<string, OpenDocument>>,
  run: string,
): string | undefined {
  return Object.values(documents).find((document) => document.run === run)?.id;
}
