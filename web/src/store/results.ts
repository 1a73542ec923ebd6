/** What a run made, by the node of the shown level that it comes from. */

import type { OutputItem, Outputs } from "../api/types";
import { type Graph, graphAt, splitPort } from "../graph/document";
import { definedAt, subgraphName } from "../graph/subgraphs";
import { activeDocument, activeGraph } from "./documents";
import { memoise } from "./memoise";
import type { NodeRun, RunView } from "./runEvents";

import type { EditorState } from "./store";

/** One output of a run, as a node shows it. */
export interface NodeResult {
  readonly run: string;
  /** Name of the run's output, and of the node's port. */
  readonly name: string;
  readonly port: string;
  readonly items: readonly OutputItem[];
}

/**
 * What a card shows below its widgets: the address of a preview, the number of rows that its
 * results take if they are short values, or the ports that pictures or longer ones are at.
 */
export type Shown = string | number | readonly string[];

/** Longest text that stays on one row of a card, in characters. */
const SHORT = 28;

const known = new WeakMap<readonly NodeResult[], Shown>();

/** The same object for the same results, so that a card is not drawn again for nothing. */
export function shownOf(results: readonly NodeResult[]): Shown {
  const before = known.get(results);
  if (before !== undefined) return before;
  const items = results.flatMap((result) => result.items);
  const shown = items.every(isShort) ? items.length : results.map((result) => result.port);
  known.set(results, shown);
  return shown;
}

function isShort(item: OutputItem): boolean {
  if (!("value" in item)) return false;
  const { value } = item;
  if (typeof value === "string") return value.length <= SHORT && !value.includes("\n");
  return value !== null && typeof value !== "object";
}

export type Results = ReadonlyMap<string, readonly NodeResult[]>;

/** The results of the nodes at the level that one gets to through some nodes. */
export function resultsAt(
  document: Graph,
  through: readonly string[],
  run: string,
  outputs: Outputs,
): Results {
  const found = new Map<string, NodeResult[]>();
  for (const [name, items] of Object.entries(outputs)) {
    // Runs to chosen nodes name what they make by node and port.
    let reference = document.outputs[name] ?? name;
    for (let depth = 0; depth < through.length && reference !== null; depth += 1) {
      reference = within(document, through.slice(0, depth), through[depth] ?? "", reference);
    }
    const [node, port] = splitPort(reference ?? "");
    if (!port || node.includes("/") || items.length === 0) continue;
    const results = found.get(node) ?? [];
    results.push({ run, name, port, items });
    found.set(node, results);
  }
  return found;
}

/** The same a level further in; runs to a node in there name it by its way, `sub/node.port`. */
function within(document: Graph, through: readonly string[], id: string, reference: string) {
  const way = `${id}/`;
  return reference.startsWith(way)
    ? reference.slice(way.length)
    : inside(document, through, id, reference);
}

/** What a node's output is inside its subgraph; empty if it comes from elsewhere. */
function inside(document: Graph, through: readonly string[], id: string, reference: string) {
  const [node, port] = splitPort(reference);
  if (node !== id) return "";
  const inner = subgraphAt(document, [...through, id]);
  if (!inner) return "";
  const names = Object.keys(inner.graph.outputs);
  const wanted = inner.loop ? (inner.output ?? names[0] ?? "") : port;
  if (inner.loop && !(wanted in inner.graph.outputs)) return "";
  return inner.graph.outputs[wanted] ?? "";
}

interface Inner {
  readonly graph: Graph;
  /** A loop's node says by `output` which output of its body it gathers. */
  readonly loop: boolean;
  readonly output: string | null;
}

function subgraphAt(document: Graph, through: readonly string[]): Inner | null {
  let path: readonly string[] = [];
  let found: Inner | null = null;
  for (const id of through) {
    const node = graphAt(document, path)?.nodes[id];
    const name = node && subgraphName(node);
    const next = name ? definedAt(document, path, name) : null;
    const graph = next && graphAt(document, next);
    if (!node || !next || !graph) return null;
    const output = typeof node.inputs.output === "string" ? node.inputs.output : null;
    found = { graph, loop: typeof node.inputs.body === "string", output };
    path = next;
  }
  return found;
}

/** Results of the nodes that are shown: of the shown run, else of those that made some before. */
export const nodeResults: (state: EditorState) => Results = memoise(
  (state) => {
    const document = activeDocument(state);
    const { run, results } = document ?? { run: null, results: NO_RUNS };
    return [
      document?.history.document,
      document?.through,
      activeGraph(state),
      results,
      run,
      ...resultRuns(results, run).map((id) => state.runs[id]?.outputs),
    ] as const;
  },
  (document, through, graph, results, run, ...outputs) => {
    if (!document || !through || !graph) return new Map();
    const found = resultRuns(results, run).flatMap((id, index) => [
      ...resultsAt(document, through, id, outputs[index] ?? {}),
    ]);
    return new Map(found.filter(([id]) => id in graph.nodes));
  },
);

const NO_RUNS: readonly string[] = [];

/** Those whose results count more come later. */
function resultRuns(results: readonly string[], run: string | null): readonly string[] {
  return run === null ? results : [...results, run];
}

const iterations = new WeakMap<RunView["nodes"], Map<string, ReadonlyMap<string, NodeRun>>>();

/**
 * How far the nodes of a loop's body are, all its turns taken together: their ids in a run
 * are `loop/0/node`. `loops` says for each node on the way whether it is a loop.
 */
export function runsInLoop(
  nodes: RunView["nodes"],
  through: readonly string[],
  loops: readonly boolean[],
): ReadonlyMap<string, NodeRun> {
  const key = through.map((id, at) => `${id}/${loops[at] ? "*/" : ""}`).join("");
  const known = iterations.get(nodes) ?? new Map<string, ReadonlyMap<string, NodeRun>>();
  iterations.set(nodes, known);
  const before = known.get(key);
  if (before) return before;
  const way = through.map((id, at) => escaped(id) + (loops[at] ? "/\\d+/" : "/")).join("");
  const pattern = new RegExp(`^${way}([^/]+)$`);
  const found = new Map<string, NodeRun>();
  for (const [id, run] of Object.entries(nodes)) {
    const inner = pattern.exec(id)?.[1];
    if (inner !== undefined) found.set(inner, together(found.get(inner), run));
  }
  known.set(key, found);
  return found;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const WEIGHT = { running: 4, failed: 3, done: 2, cached: 1, skipped: 0 } as const;

/** What concerns people most of two turns; times are added up. */
function together(a: NodeRun | undefined, b: NodeRun): NodeRun {
  if (!a) return b;
  const seconds = (a.seconds ?? 0) + (b.seconds ?? 0);
  const first = WEIGHT[a.status] > WEIGHT[b.status] ? a : b;
  return seconds > 0 ? { ...first, seconds } : first;
}
