import { expect, it } from "vitest";
import type { OutputItem } from "../api/types";
import { readDocument } from "../graph/read";
import { resultsAt, runsInLoop, shownOf } from "./results";
import type { NodeRun } from "./runEvents";

const inner = {
  outputs: { text: "a.out", number: "b.out" },
  nodes: { a: { type: "t/a" }, b: { type: "t/b" }, deep: { type: "workflow/deepest" } },
  workflows: { deepest: { outputs: { z: "c.out" }, nodes: { c: { type: "t/c" } } } },
};
const document = readDocument({
  outputs: { one: "sub.text", many: "loop.values", last: "other.values", plain: "x.y" },
  nodes: {
    x: { type: "t/x" },
    sub: { type: "workflow/inner" },
    loop: { type: "control/for_each", inputs: { body: "inner", output: "number" } },
    other: { type: "control/for_each", inputs: { body: "inner" } },
  },
  workflows: { inner },
});
const items = (...values: number[]): OutputItem[] => values.map((value) => ({ value }));
const outputs = {
  one: items(1),
  many: items(2, 3),
  last: items(4),
  plain: items(5),
  "x.z": items(6),
  "sub/b.out": items(7),
  "sub/deep.z": items(8),
  empty: [],
};

function at(...through: string[]) {
  const found = resultsAt(document, through, "run", outputs);
  return Object.fromEntries(
    [...found].map(([id, results]) => [id, results.map(({ port, items }) => [port, items])]),
  );
}

it("gives each node its outputs, named or by node and port", () => {
  expect(at()).toEqual({
    sub: [["text", items(1)]],
    loop: [["values", items(2, 3)]],
    other: [["values", items(4)]],
    x: [
      ["y", items(5)],
      ["z", items(6)],
    ],
  });
});

it("follows outputs into subgraphs, and into loops by the output that they gather", () => {
  expect(at("sub")).toMatchObject({ a: [["out", items(1)]] });
  expect(at("loop")).toEqual({ b: [["out", items(2, 3)]] });
  expect(at("other")).toEqual({ a: [["out", items(4)]] });
  expect(at("gone")).toEqual({});
});

it("knows what a run to a node in a subgraph made", () => {
  expect(at("sub")).toMatchObject({ b: [["out", items(7)]], deep: [["z", items(8)]] });
  expect(at("sub", "deep")).toEqual({ c: [["out", items(8)]] });
});

it("takes all turns of a loop together", () => {
  const nodes: Record<string, NodeRun> = {
    "loop/0/a": { status: "done", seconds: 1 },
    "loop/1/a": { status: "done", seconds: 2 },
    "loop/0/b": { status: "done", seconds: 1 },
    "loop/1/b": { status: "running" },
    "loop/2/c": { status: "cached" },
    "loop/0/deep/0/d": { status: "done", seconds: 1 },
    "loop/1/deep/3/d": { status: "failed" },
    "other/0/a": { status: "skipped" },
  };
  expect(Object.fromEntries(runsInLoop(nodes, ["loop"], [true]))).toEqual({
    a: { status: "done", seconds: 3 },
    b: { status: "running", seconds: 1 },
    c: { status: "cached" },
  });
  const deep = runsInLoop(nodes, ["loop", "deep"], [true, true]);
  expect(Object.fromEntries(deep)).toEqual({ d: { status: "failed", seconds: 1 } });
});

it("shows the same for the same results, whatever else changes", () => {
  const items: OutputItem[] = [{ value: "two\nlines" }];
  const results = [{ run: "r", name: "n", port: "p", items }];
  expect(shownOf(results)).toBe(shownOf(results));
});

it("counts the rows of short values, and names the ports if there is anything larger", () => {
  const shown = (...items: OutputItem[]) => shownOf([{ run: "r", name: "n", port: "p", items }]);
  const picture = { file: "a.png", media_type: "image/png", bytes: 1, url: "" };
  expect(shown({ value: 1 }, { value: "short" }, { value: true })).toBe(3);
  expect(shown({ value: 1 }, picture)).toEqual(["p"]);
  for (const value of ["x".repeat(80), "two\nlines", [1], { a: 1 }, null]) {
    expect(shown({ value })).toEqual(["p"]);
  }
});
