/** Undo and redo without limit. Documents share what they have in common, so this is cheap. */

import type { Graph } from "../graph/document";
import { applyStep, type Step } from "./command";

interface Entry {
  readonly step: Step;
  readonly before: Graph;
  readonly time: number;
  readonly older: Entry | null;
}

interface Undone {
  readonly step: Step;
  readonly newer: Undone | null;
}

export interface History {
  readonly document: Graph;
  readonly past: Entry | null;
  readonly future: Undone | null;
}

/** Milliseconds within which steps with the same `merge` key become one. */
export const MERGE_WITHIN = 1500;

export function startHistory(document: Graph): History {
  return { document, past: null, future: null };
}

/** The history after a step; the same history if the step changes nothing. */
export function execute(history: History, step: Step, now: number): History {
  const document = applyStep(history.document, step);
  if (document === history.document) return history;
  const last = history.past;
  const merged =
    last !== null &&
    step.merge !== undefined &&
    last.step.merge === step.merge &&
    now - last.time <= MERGE_WITHIN &&
    sameLevel(last.step, step);
  const entry: Entry = merged
    ? {
        ...last,
        step: { ...step, changes: [...last.step.changes, ...step.changes] },
        time: now,
      }
    : { step, before: history.document, time: now, older: last };
  return { document, past: entry, future: null };
}

export function undo(history: History): History {
  const { past, future } = history;
  if (!past) return history;
  return { document: past.before, past: past.older, future: { step: past.step, newer: future } };
}

export function redo(history: History): History {
  const { document, past, future } = history;
  if (!future) return history;
  // The entry is never merged into: time 0 is long ago.
  const entry: Entry = { step: future.step, before: document, time: 0, older: past };
  return { document: applyStep(document, future.step), past: entry, future: future.newer };
}

function sameLevel(a: Step, b: Step): boolean {
  return a.path.length === b.path.length && a.path.every((name, index) => name === b.path[index]);
}
