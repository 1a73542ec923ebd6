/** What components ask the store, each answer the same object while nothing about it changes. */

import type { NodeSpec } from "../graph/catalogue";
import { graphAt, type NodeRecord } from "../graph/document";
import { drawnSpec } from "../graph/ghost";
import { type Level, levelAt, pathThrough } from "../graph/subgraphs";
import { activeDocument, activeGraph } from "./documents";
import { memoise } from "./memoise";
import { nodeResults, runsInLoop, type Shown, shownOf } from "./results";
import type { NodeRun, RunView } from "./runEvents";
import { type EditorState, useEditor } from "./store";

export { memoise };

/** The level that the canvas shows, for the rules in `graph/`. */
export const activeLevel: (state: EditorState) => Level | null = memoise(
  (state) => {
    const document = activeDocument(state);
    return [document?.history.document, document?.path, state.catalogue] as const;
  },
  (document, path, catalogue) => (document && path ? levelAt(document, path, catalogue) : null),
);

export const useNode = (id: string): NodeRecord | undefined =>
  useEditor((state) => activeGraph(state)?.nodes[id]);

/** The node's type; one made up from its links if nobody brings it. */
export const useSpec = (id: string): NodeSpec | undefined =>
  useEditor((state) => {
    const level = activeLevel(state);
    const node = level?.graph.nodes[id];
    return level && node ? drawnSpec(level, node) : undefined;
  });

export const useSelected = (id: string): boolean =>
  useEditor((state) => activeDocument(state)?.selection.has(id) ?? false);

/** Nodes that are selected, in no particular order. */
export const selectedNodes: (state: EditorState) => readonly NodeRecord[] = memoise(
  (state) => [activeDocument(state)?.selection, activeGraph(state)?.nodes] as const,
  (selection, nodes) =>
    [...(selection ?? [])].flatMap((id) => {
      const node = nodes?.[id];
      return node ? [node] : [];
    }),
);

/** The run that the active document shows. */
export function shownRun(state: EditorState): RunView | null {
  const id = activeDocument(state)?.run;
  return id ? (state.runs[id] ?? null) : null;
}

/** Id of a node as runs know it: `outer/inner` inside a subgraph. */
export function runNodeId(state: EditorState, id: string): string {
  const through = activeDocument(state)?.through ?? [];
  return [...through, id].join("/");
}

export const useNodeRun = (id: string): NodeRun | undefined =>
  useEditor((state) => {
    const nodes = shownRun(state)?.nodes;
    return nodes && (nodes[runNodeId(state, id)] ?? turnsOf(state, nodes, id));
  });

/** How far a node in the body of a loop is, all turns taken together. */
function turnsOf(state: EditorState, nodes: RunView["nodes"], id: string): NodeRun | undefined {
  const document = activeDocument(state);
  if (!document || document.through.length === 0) return undefined;
  const loops = loopsOn(state);
  return loops.includes(true) ? runsInLoop(nodes, document.through, loops).get(id) : undefined;
}

/** Which of the nodes that one went through are loops. */
export const loopsOn: (state: EditorState) => readonly boolean[] = memoise(
  (state) => [activeDocument(state)?.history.document, activeDocument(state)?.through] as const,
  (document, through) =>
    (through ?? []).map((id, depth) => {
      const path = document ? pathThrough(document, (through ?? []).slice(0, depth)) : [];
      return typeof (document && graphAt(document, path))?.nodes[id]?.inputs.body === "string";
    }),
);

/**
 * Nodes of the shown level that have something to show: the preview of a run that is going
 * on, or results, which `nodeResults` has.
 */
export const picturedNodes: (state: EditorState) => ReadonlyMap<string, Shown> = memoise(
  (state) =>
    [
      state.previews,
      shownRun(state)?.id,
      activeDocument(state)?.through,
      nodeResults(state),
    ] as const,
  (previews, run, through, results) => {
    const pictures = new Map<string, Shown>([...results].map(([id, made]) => [id, shownOf(made)]));
    if (!run || !through) return pictures;
    const prefix = [run, ...through, ""].join("/");
    for (const [key, url] of Object.entries(previews)) {
      const id = key.startsWith(prefix) ? key.slice(prefix.length) : "/";
      // What the run made is better than what was seen on the way.
      if (!id.includes("/") && results.get(id)?.[0]?.run !== run) pictures.set(id, url);
    }
    return pictures;
  },
);
