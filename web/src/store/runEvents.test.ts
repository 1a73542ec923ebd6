import { expect, test } from "vitest";
import type { OutputItem, Run, ServerEvent } from "../api/types";
import { applyEvents, NO_RUNS, type RunView, viewOf, withResults } from "./runEvents";

let seq = 0;
const event = (fields: object) => ({ seq: ++seq, time: 5, run_id: "r", ...fields }) as ServerEvent;
const node = (type: string, id: string, more: object = {}) =>
  event({ type, node: id, node_type: "x/y", ...more });

const STARTED = [
  event({ type: "run_queued", name: "T", position: 0, priority: 0 }),
  event({ type: "run_started", nodes: 3 }),
  node("node_cached", "a"),
  node("node_started", "b"),
  node("node_progress", "b", { step: 2, total: 8 }),
];

test("a run is what its events say", () => {
  const { runs } = applyEvents(NO_RUNS, STARTED);
  expect(runs.r).toMatchObject({ name: "T", status: "running", total: 3, created: 5 });
  expect(runs.r?.nodes).toEqual({
    a: { status: "cached" },
    b: { status: "running", step: 2, total: 8 },
  });
});

test("what no event names stays the same object", () => {
  const before = applyEvents(NO_RUNS, STARTED);
  const after = applyEvents(before, [node("node_finished", "b", { seconds: 0.5 })]);
  expect(after.runs.r?.nodes.a).toBe(before.runs.r?.nodes.a);
  expect(after.runs.r?.nodes.b).toEqual({ status: "done", seconds: 0.5 });
  expect(after.queue).toBe(before.queue);
});

test("a node that was run again with less memory says how", () => {
  const again = node("node_retried", "b", { means: "tile", divisor: 2, message: "..." });
  const { runs } = applyEvents(NO_RUNS, [...STARTED, again]);
  const retried = { means: "tile", divisor: 2 };
  expect(runs.r?.nodes.b).toEqual({ status: "running", retried });
  const more = [node("node_progress", "b", { step: 1, total: 4 })];
  const going = applyEvents({ ...NO_RUNS, runs }, more).runs;
  expect(going.r?.nodes.b).toEqual({ status: "running", step: 1, total: 4, retried });
  const done = [node("node_finished", "b", { seconds: 0.5 })];
  expect(applyEvents({ ...NO_RUNS, runs: going }, done).runs.r?.nodes.b).toEqual({
    status: "done",
    seconds: 0.5,
    retried,
  });
});

test("the record of a run says it, too", () => {
  const retried = { means: "split", divisor: 2 };
  const nodes = { a: { status: "executed", seconds: 1, retried }, b: { status: "cached" } };
  expect(viewOf({ run_id: "r", nodes } as unknown as Run).nodes).toEqual({
    a: { status: "done", seconds: 1, retried },
    b: { status: "cached" },
  });
});

test("the end of a run ends its nodes, and a run that starts again forgets them", () => {
  const end = { status: "cancelled", seconds: 1, outputs: {}, problems: [] };
  const ended = applyEvents(NO_RUNS, [...STARTED, event({ type: "run_finished", ...end })]);
  expect(ended.runs.r).toMatchObject({ status: "cancelled", nodes: { b: { status: "skipped" } } });
  const again = applyEvents(ended, [event({ type: "run_started", nodes: 3 })]);
  expect(again.runs.r).toMatchObject({ status: "running", nodes: {} });
});

test("events before the first of their run are not lost", () => {
  const { runs } = applyEvents(NO_RUNS, [node("node_started", "a")]);
  expect(runs.r?.nodes.a?.status).toBe("running");
});

test("the queue follows what begins, waits and ends", () => {
  const of = (run_id: string, type: string, more: object = {}) => event({ run_id, type, ...more });
  const queued = (run: string, position: number) =>
    of(run, "run_queued", { name: run, position, priority: position === 0 ? 10 : 0 });
  const ended = { status: "succeeded", seconds: 1, outputs: {}, problems: [] };
  const steps = [
    [queued("a", 0), queued("b", 1), queued("c", 1), queued("first", 0)],
    [of("first", "run_started", { nodes: 1 }), of("a", "run_started", { nodes: 1 })],
    [
      of("first", "run_finished", ended),
      of("c", "run_finished", { ...ended, status: "cancelled" }),
    ],
  ];
  let state = NO_RUNS;
  const seen = steps.map((events) => {
    state = applyEvents(state, events);
    return [state.queue.running, state.queue.queued];
  });
  expect(seen).toEqual([
    [[], ["first", "a", "c", "b"]],
    [
      ["first", "a"],
      ["c", "b"],
    ],
    [["a"], ["b"]],
  ]);
  expect(state.runs.first?.priority).toBe(10);
});

const item: OutputItem[] = [{ value: 1 }];
const outputs = (...names: string[]) => Object.fromEntries(names.map((name) => [name, item]));

test("keeps the runs whose results no later one made anew, the newest last", () => {
  const runs: Record<string, RunView> = {};
  let shown: readonly string[] = [];
  const end = (id: string, ...names: string[]) => {
    runs[id] = { id, outputs: outputs(...names) } as unknown as RunView;
    shown = withResults(shown, id, runs);
  };
  end("whole", "image", "text");
  expect(shown).toEqual(["whole"]);
  end("noise", "noise.latent");
  end("text", "text");
  expect(shown).toEqual(["whole", "noise", "text"]);
  end("noise again", "noise.latent");
  expect(shown).toEqual(["whole", "text", "noise again"]);
  end("whole again", "image", "text");
  expect(shown).toEqual(["noise again", "whole again"]);
  for (let at = 0; at < 20; at += 1) end(`${at}`, `node_${at}.value`);
  expect(shown).toHaveLength(8);
  expect(shown.at(-1)).toBe("19");
});

test("forgets runs that are not known any more", () => {
  expect(withResults(["gone"], "now", {})).toEqual(["now"]);
});
