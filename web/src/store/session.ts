/**
 * A tab as the browser keeps it from one visit to the next. Its text is the document, in the
 * format of files, so that any version of the editor can read it; the steps of its history come
 * along, and are left out where replaying them does not give that text.
 */

import type { Step } from "../commands/command";
import { type History, redo, startHistory } from "../commands/history";
import { EMPTY_GRAPH, type Graph, graphAt, type Path } from "../graph/document";
import { readText } from "../graph/read";
import { writeText } from "../graph/write";
import { type OpenDocument, openDocument, type Viewport } from "./documents";

export interface TabRecord {
  readonly id: string;
  readonly text: string;
  /** The document before `past`; `past` leads from it to `text`. */
  readonly base: string;
  readonly past: readonly Step[];
  readonly future: readonly Step[];
  /** How many steps of `past` came before it was saved; -1 if it is not among them. */
  readonly savedAt: number;
  readonly savedAs: string | null;
  readonly revision: number;
  readonly path: Path;
  readonly through: readonly string[];
  readonly viewports: Readonly<Record<string, Viewport>>;
  readonly run: string | null;
  readonly results: readonly string[];
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** How many steps of undo come through a reload. */
const MOST_STEPS = 200;

const texts = new WeakMap<Graph, string>();

function textOf(graph: Graph): string {
  const known = texts.get(graph);
  if (known !== undefined) return known;
  const text = writeText(graph);
  texts.set(graph, text);
  return text;
}

export function recordOf(document: OpenDocument, time: number): TabRecord {
  const { history, saved } = document;
  const past: Step[] = [];
  let base = history.document;
  let savedAt = saved === base ? 0 : -1;
  for (let at = history.past; at && past.length < MOST_STEPS; at = at.older) {
    past.unshift(at.step);
    base = at.before;
    if (savedAt >= 0) savedAt += 1;
    else if (base === saved) savedAt = 0;
  }
  const future: Step[] = [];
  for (let at = history.future; at && future.length < MOST_STEPS; at = at.newer) {
    future.push(at.step);
  }
  const { id, savedAs, revision, path, through, viewports, run, results } = document;
  const known = { id, savedAs, revision, path, through, viewports, run, results, time };
  return { ...known, text: textOf(history.document), base: textOf(base), past, future, savedAt };
}

/** The tab of a record; throws `NotAWorkflow` if its text is damaged. */
export function documentOf(record: TabRecord): OpenDocument {
  const { savedAs, revision } = record;
  const replayed = replay(record);
  const [history, graphs] = replayed ?? withoutHistory(record);
  const isThere = graphAt(history.document, record.path) !== undefined;
  return {
    ...openDocument(record.id, history.document),
    savedAs,
    revision,
    history,
    saved: graphs[record.savedAt] ?? EMPTY_GRAPH,
    ...(isThere && { path: record.path, through: record.through }),
    viewports: record.viewports,
    run: record.run,
    // Earlier versions kept one run, or null.
    results: [record.results ?? []].flat(),
  };
}

/** The history, and the documents between its steps, the oldest first. */
type Replayed = [history: History, graphs: Readonly<Record<number, Graph>>];

function replay({ base, past, future, text }: TabRecord): Replayed | null {
  try {
    const start = readText(base);
    const graphs = [start];
    // All steps lie ahead; those that had been done are done again.
    let history: History = {
      ...startHistory(start),
      future: [...past, ...future].reduceRight<History["future"]>(
        (newer, step) => ({ step, newer }),
        null,
      ),
    };
    for (const _ of past) {
      history = redo(history);
      graphs.push(history.document);
    }
    return writeText(history.document) === text ? [history, graphs] : null;
  } catch {
    return null;
  }
}

function withoutHistory({ text, past, savedAt }: TabRecord): Replayed {
  const graph = readText(text);
  return [startHistory(graph), savedAt === past.length ? { [savedAt]: graph } : {}];
}

/** Whether the document of a record has work in it that is nowhere else. */
export function holdsWork({ past, savedAt }: TabRecord): boolean {
  return savedAt !== past.length;
}
