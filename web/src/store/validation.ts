/**
 * What is wrong with the shown document: found by the quick rules at once and by the server
 * soon after each change, and what runs said. And which results are older than the document.
 */

import type { StateCreator } from "zustand";
import { api } from "../api/client";
import { ApiError } from "../api/http";
import type { Problem } from "../graph/catalogue";
import { affected, sameWork } from "../graph/changes";
import { type Graph, graphAt } from "../graph/document";
import { distinct, neededNodes, type Place, placeOf, quickProblems } from "../graph/problems";
import { definedAt, levelAt } from "../graph/subgraphs";
import { writeForRun } from "../graph/write";
import { activeDocument, activeGraph } from "./documents";
import { memoise, shownRun } from "./selectors";
import { type EditorState, useEditor } from "./store";

export interface ValidationSlice {
  /** Of the document that was checked last. */
  readonly found: readonly Problem[];
  /** Documents as they were when their runs were submitted, by the id of the run. */
  readonly ran: Readonly<Record<string, Graph>>;
}

export const validationSlice: StateCreator<EditorState, [], [], ValidationSlice> = () => ({
  found: [],
  ran: {},
});

/** Milliseconds after the last change until the quick rules and the server are asked. */
const QUICK_PAUSE = 80;
const SERVER_PAUSE = 350;
const MOST_RAN = 50;

/** Keeps the slice up to date; returns how to stop. */
export function watchDocuments(): () => void {
  let timers: number[] = [];
  let asking: AbortController | null = null;
  let checked: Graph | null = null;

  const check = (document: Graph, whole: boolean) => {
    asking?.abort();
    for (const timer of timers) window.clearTimeout(timer);
    timers = [
      window.setTimeout(() => quick(document, whole), QUICK_PAUSE),
      window.setTimeout(() => {
        asking = new AbortController();
        void askServer(document, asking.signal);
      }, SERVER_PAUSE),
    ];
  };
  const look = (state: EditorState, before: EditorState | null) => {
    noteRuns(state, before);
    const document = activeDocument(state);
    const graph = document?.history.document ?? null;
    const other = document?.id !== (before && activeDocument(before)?.id);
    const news = state.catalogue !== before?.catalogue || other;
    if (graph === null) checked = null;
    if (graph === null || (!news && checked && sameWork(checked, graph))) return;
    // What the server refused was about the document before this change.
    if (checked && state.refused.length > 0) useEditor.setState({ refused: [] });
    checked = graph;
    check(graph, news);
  };
  look(useEditor.getState(), null);
  const stop = useEditor.subscribe((state, before) => look(state, before));
  return () => {
    stop();
    asking?.abort();
    for (const timer of timers) window.clearTimeout(timer);
  };
}

/** What the quick rules find, beside what the server said of nodes that are the same. */
function quick(document: Graph, whole: boolean): void {
  const { catalogue, found } = useEditor.getState();
  const level = levelAt(document, [], catalogue);
  if (!level || catalogue.nodes.size === 0) return;
  const now = quickProblems(level);
  const codes = new Set(["missing_input", "unknown_input", "unknown_node", "type_mismatch"]);
  const kept = whole ? [] : found.filter(({ code }) => !codes.has(code));
  useEditor.setState({ found: distinct([...now, ...kept]) });
}

async function askServer(document: Graph, signal: AbortSignal): Promise<void> {
  try {
    const workflow = writeForRun(document);
    const { problems } = await api.validate({ workflow }, signal);
    const needed = neededNodes(document);
    const targets = Object.keys(document.nodes).filter((id) => !needed.has(id));
    // What no result needs is not checked for a run; people want to know nevertheless.
    const others = targets.length > 0 ? await api.validate({ workflow, targets }, signal) : null;
    if (signal.aborted) return;
    useEditor.setState({ found: distinct([...problems, ...(others?.problems ?? [])]) });
  } catch (error) {
    // Without an answer the quick rules' findings stay; an abort is no error.
    if (error instanceof ApiError || signal.aborted) return;
    throw error;
  }
}

/** Remembers what a document was when its run was submitted. */
function noteRuns(state: EditorState, before: EditorState | null): void {
  if (state.documents === before?.documents) return;
  for (const { id, run, history } of Object.values(state.documents)) {
    if (!run || run in state.ran || before?.documents[id]?.run === run) continue;
    const kept = Object.entries(useEditor.getState().ran).slice(1 - MOST_RAN);
    useEditor.setState({ ran: { ...Object.fromEntries(kept), [run]: history.document } });
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Nodes of the shown level whose results in the shown run are older than they are now. */
export const staleNodes: (state: EditorState) => ReadonlySet<string> = memoise(
  (state) => {
    const document = activeDocument(state);
    const ran = document?.run ? state.ran[document.run] : undefined;
    return [ran, document?.history.document, document?.path, document?.through] as const;
  },
  (ran, now, path, through) => {
    if (!ran || !now || ran === now || !path || !through) return NONE;
    const [outermost] = through;
    if (outermost !== undefined && affected(ran, now, () => false).has(outermost)) {
      return new Set(Object.keys(graphAt(now, path)?.nodes ?? {}));
    }
    const before = graphAt(ran, path);
    const after = graphAt(now, path);
    if (!before || !after) return NONE;
    return affected(before, after, (name) => {
      const defined = definedAt(now, path, name);
      const [was, is] = defined ? [graphAt(ran, defined), graphAt(now, defined)] : [];
      return !was || !is || !sameWork(was, is);
    });
  },
);

/** Whether what the shown run said of a node is about an older state of it, or it is gone. */
const isOutdated = memoise(
  (state) => {
    const document = activeDocument(state);
    const ran = document?.run ? state.ran[document.run] : undefined;
    return [ran, document?.history.document] as const;
  },
  (ran, now) => {
    const old = ran && now ? affected(ran, now, (name) => !sameInner(ran, now, name)) : NONE;
    return (node: string) => {
      const outermost = node.split(/[/.]/, 1)[0] ?? "";
      return old.has(outermost) || (now !== undefined && !(outermost in now.nodes));
    };
  },
);

function sameInner(ran: Graph, now: Graph, name: string): boolean {
  const [was, is] = [ran.workflows[name], now.workflows[name]];
  return was === is || (was !== undefined && is !== undefined && sameWork(was, is));
}

/** Everything that is known to be wrong with the active document. */
export const allProblems: (state: EditorState) => readonly Problem[] = memoise(
  (state) => [state.refused, shownRun(state)?.problems, isOutdated(state), state.found] as const,
  (refused, failed, outdated, found) => {
    const told = (failed ?? []).filter(({ node }) => node === null || !outdated(node));
    return distinct([...refused, ...told, ...found]);
  },
);

/** A problem as a node of the shown level shows it. */
export interface ShownProblem extends Problem {
  readonly place: Place;
  /** It is of a node inside this one. */
  readonly inside: boolean;
}

/** Problems by the nodes of the shown level. */
const problemsHere: (state: EditorState) => ReadonlyMap<string, readonly ShownProblem[]> = memoise(
  (state) => {
    return [allProblems(state), activeDocument(state)?.through, activeGraph(state)] as const;
  },
  (problems, through, graph) => {
    const here = new Map<string, ShownProblem[]>();
    const prefix = through && through.length > 0 ? `${through.join("/")}/` : "";
    for (const problem of problems) {
      if (!graph || !problem.node?.startsWith(prefix)) continue;
      const [id = "", ...deeper] = problem.node.slice(prefix.length).split("/");
      const inside = deeper.length > 0;
      const place = placeOf({ ...problem, node: id }, (known) => known in graph.nodes);
      if (!place) continue;
      const shown = { ...problem, place: inside ? { ...place, port: null } : place, inside };
      here.set(place.node, [...(here.get(place.node) ?? []), shown]);
    }
    return here;
  },
);

const NO_PROBLEMS: readonly ShownProblem[] = [];

export const useNodeProblems = (id: string): readonly ShownProblem[] =>
  useEditor((state) => problemsHere(state).get(id) ?? NO_PROBLEMS);

/** What is wrong with a port, with its hint, or null. */
export const usePortProblem = (node: string, port: string): string | null =>
  useEditor((state) => {
    const found = problemsHere(state).get(node);
    const problem = found?.find(({ place }) => place.port === port);
    return problem ? [problem.message, problem.hint].filter(Boolean).join("\n") : null;
  });

export const useStale = (id: string): boolean => useEditor((state) => staleNodes(state).has(id));
