/** What runs look like from the outside, made from the server's events by pure functions. */

import type { Means, Outputs, Queue, Run, RunStatus, ServerEvent } from "../api/types";
import type { Problem } from "../graph/catalogue";

export type NodeStatus = "running" | "cached" | "done" | "skipped" | "failed";

export interface NodeRun {
  readonly status: NodeStatus;
  readonly step?: number;
  readonly total?: number;
  readonly seconds?: number;
  readonly problem?: Problem;
  /** How it was run again, last, after it ran out of memory. */
  readonly retried?: { readonly means: Means; readonly divisor: number };
}

export interface RunView {
  readonly id: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly priority: number;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly started: number | null;
  readonly seconds: number | null;
  /** How many nodes the run has, and by id (`outer/inner`) how far each is. */
  readonly total: number;
  readonly nodes: Readonly<Record<string, NodeRun>>;
  readonly outputs: Outputs;
  readonly problems: readonly Problem[];
}

export interface RunsState {
  readonly runs: Readonly<Record<string, RunView>>;
  readonly queue: Queue;
}

export const NO_RUNS: RunsState = { runs: {}, queue: { paused: false, queued: [], running: [] } };

/** The state after some events; nodes and runs that they do not name stay the same. */
export function applyEvents(state: RunsState, events: readonly ServerEvent[]): RunsState {
  let { queue } = state;
  const runs = { ...state.runs };
  const nodes = new Map<string, Record<string, NodeRun>>();
  const nodesOf = (run: RunView) => {
    const copy = nodes.get(run.id) ?? { ...run.nodes };
    nodes.set(run.id, copy);
    return copy;
  };
  for (const event of events) {
    if (event.type === "queue_changed") {
      queue = { paused: event.paused, queued: event.queued, running: event.running };
      continue;
    }
    if (event.type === "workflows_changed" || event.type === "catalogue_changed") continue;
    const run = runs[event.run_id] ?? newRun(event.run_id, event.time);
    switch (event.type) {
      case "run_queued":
        runs[run.id] = {
          ...run,
          name: event.name,
          created: event.time,
          priority: event.priority,
        };
        queue = { ...queue, queued: insertedAt(queue.queued, run.id, event.position) };
        break;
      case "run_started":
        // A run that was interrupted starts again from the beginning.
        nodes.set(run.id, {});
        runs[run.id] = { ...run, status: "running", started: event.time, total: event.nodes };
        queue = left(queue, run.id);
        queue = { ...queue, running: [...queue.running, run.id] };
        break;
      case "run_finished": {
        const { status, seconds, outputs, problems } = event;
        runs[run.id] = { ...run, status, seconds, outputs, problems };
        settle(nodesOf(run));
        queue = left(queue, run.id);
        break;
      }
      default:
        runs[run.id] = run;
        nodesOf(run)[event.node] = nodeAfter(event, nodesOf(run)[event.node]);
    }
  }
  for (const [id, changed] of nodes) {
    const run = runs[id];
    if (run) runs[id] = { ...run, nodes: changed };
  }
  return { runs, queue };
}

function insertedAt(ids: readonly string[], id: string, position: number): readonly string[] {
  const others = ids.filter((other) => other !== id);
  return [...others.slice(0, position), id, ...others.slice(position)];
}

/** The queue without a run; the same queue if it does not have it. */
function left(queue: Queue, run: string): Queue {
  const stays = (id: string) => id !== run;
  if (queue.queued.every(stays) && queue.running.every(stays)) return queue;
  return {
    ...queue,
    queued: queue.queued.filter(stays),
    running: queue.running.filter(stays),
  };
}

type NodeEvent = Extract<ServerEvent, { node: string }>;

function nodeAfter(event: NodeEvent, before: NodeRun | undefined): NodeRun {
  const kept = before?.retried && { retried: before.retried };
  switch (event.type) {
    case "node_started":
      return { status: "running" };
    case "node_retried":
      return { status: "running", retried: { means: event.means, divisor: event.divisor } };
    case "node_progress":
      return { status: "running", step: event.step, total: event.total, ...kept };
    case "node_cached":
      return { status: "cached" };
    case "node_skipped":
      return { status: "skipped" };
    case "node_finished":
      return { status: "done", seconds: event.seconds, ...kept };
    case "node_failed":
      return { status: "failed", problem: event.problem };
  }
}

/** Nodes that were at work when their run ended are not any more. */
function settle(nodes: Record<string, NodeRun>): void {
  for (const [id, node] of Object.entries(nodes)) {
    if (node.status === "running") nodes[id] = { status: "skipped" };
  }
}

function newRun(id: string, time: number): RunView {
  return {
    id,
    name: "",
    status: "queued",
    priority: 0,
    created: time,
    started: null,
    seconds: null,
    total: 0,
    nodes: {},
    outputs: {},
    problems: [],
  };
}

const STATUSES: Readonly<Record<string, NodeStatus>> = {
  running: "running",
  cached: "cached",
  skipped: "skipped",
  failed: "failed",
};

/** A run as `GET /api/runs/{id}` and the hello of the websocket tell it. */
export function viewOf(run: Run): RunView {
  const nodes = Object.entries(run.nodes).map(([id, node]): [string, NodeRun] => [
    id,
    {
      status: STATUSES[node.status] ?? "done",
      ...(typeof node.seconds === "number" && { seconds: node.seconds }),
      ...(node.retried && { retried: node.retried }),
    },
  ]);
  return {
    id: run.run_id,
    name: run.name || run.workflow_name,
    status: run.status,
    priority: run.priority,
    created: run.created,
    started: run.started,
    seconds: run.seconds,
    total: nodes.length,
    nodes: Object.fromEntries(nodes),
    outputs: run.outputs,
    problems: run.problems,
  };
}

/** How many runs a document shows results of at most. */
const MOST_RESULTS = 8;

/** Runs that a document shows the results of, after one more: without those of which it, or later
 * ones, made everything anew. */
export function withResults(
  before: readonly string[],
  run: string,
  runs: RunsState["runs"],
): readonly string[] {
  const made = new Set(Object.keys(runs[run]?.outputs ?? {}));
  const kept = [run];
  for (const id of before.toReversed()) {
    const names = Object.keys(runs[id]?.outputs ?? {});
    if (id === run || names.every((name) => made.has(name))) continue;
    for (const name of names) made.add(name);
    kept.unshift(id);
  }
  return kept.slice(-MOST_RESULTS);
}
