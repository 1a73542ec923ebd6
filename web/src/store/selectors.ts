/** What components ask the store, each answer the same object while nothing about it changes. */

import { outputUrl } from "../api/client";
import type { OutputItem } from "../api/types";
import type { NodeSpec, Problem } from "../graph/catalogue";
import { type NodeRecord, splitPort } from "../graph/document";
import { drawnSpec } from "../graph/ghost";
import { type Level, levelAt } from "../graph/subgraphs";
import { activeDocument, activeGraph } from "./documents";
import type { NodeRun, RunView } from "./runEvents";
import { type EditorState, useEditor } from "./store";

/** A function of the state that is computed again only when one of its parts changes. */
export function memoise<Parts extends unknown[], Result>(
  parts: (state: EditorState) => readonly [...Parts],
  compute: (...parts: Parts) => Result,
): (state: EditorState) => Result {
  let last: { parts: readonly [...Parts]; result: Result } | null = null;
  return (state) => {
    const now = parts(state);
    if (!last || now.some((part, index) => part !== last?.parts[index])) {
      last = { parts: now, result: compute(...now) };
    }
    return last.result;
  };
}

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
  useEditor((state) => shownRun(state)?.nodes[runNodeId(state, id)]);

/** What the server said about the nodes of the document, by a run or by refusing one. */
export const serverProblems: (state: EditorState) => readonly Problem[] = memoise(
  (state) => [state.refused, shownRun(state)?.problems] as const,
  (refused, failed) => (refused.length > 0 ? refused : (failed ?? [])),
);

/** Nodes of the shown level that have a picture: a preview, or a result of the shown run. */
export const picturedNodes: (state: EditorState) => ReadonlyMap<string, string> = memoise(
  (state) => {
    const document = activeDocument(state);
    const run = shownRun(state);
    return [state.previews, run?.id, run?.outputs, document?.through, activeGraph(state)?.outputs];
  },
  picturesOf,
);

function picturesOf(
  previews: EditorState["previews"],
  run: string | undefined,
  outputs: RunView["outputs"] | undefined,
  through: readonly string[] | undefined,
  named: Readonly<Record<string, string>> | undefined,
): ReadonlyMap<string, string> {
  const pictures = new Map<string, string>();
  if (!run || !through) return pictures;
  const prefix = [run, ...through, ""].join("/");
  for (const [key, url] of Object.entries(previews)) {
    const id = key.startsWith(prefix) ? key.slice(prefix.length) : "/";
    if (!id.includes("/")) pictures.set(id, url);
  }
  if (through.length > 0) return pictures;
  for (const [name, reference] of Object.entries(named ?? {})) {
    const index = outputs?.[name]?.findIndex(isPicture) ?? -1;
    if (index >= 0)
      pictures.set(splitPort(reference)[0], outputUrl(run, name, index, PICTURE_EDGE));
  }
  return pictures;
}

/** Longest edge of pictures on nodes, in pixels. */
const PICTURE_EDGE = 512;

function isPicture(item: OutputItem): boolean {
  return "file" in item && item.media_type.startsWith("image/");
}
