import { expect, test } from "vitest";
import { applyStep, type Change } from "../commands/command";
import { disconnect } from "../commands/links";
import { moveNodes, setInput } from "../commands/nodes";
import { shippedLevel } from "../testing/files";
import { affected, sameWork } from "./changes";

const { graph } = shippedLevel("text_to_image.json");
const after = (change: Change) => applyStep(graph, { path: [], changes: [change] });
const none = () => false;

test("moving a node changes no result", () => {
  const moved = after(moveNodes({ positions: { sample: [5, 5] } }) as Change);
  expect(moved).not.toBe(graph);
  expect(sameWork(graph, moved)).toBe(true);
  expect(affected(graph, moved, none).size).toBe(0);
});

test("a changed input reaches all that it feeds, and nothing else", () => {
  const changed = after(setInput({ node: "noise", input: "seed", value: 8 }) as Change);
  expect(sameWork(graph, changed)).toBe(false);
  expect([...affected(graph, changed, none)].sort()).toEqual(["decode", "noise", "sample"]);
});

test("so does a link that is gone, and a subgraph that has changed", () => {
  const cut = { target: "sample", input: "negative", slot: null };
  const unlinked = after(disconnect({ links: [cut] }) as Change);
  expect([...affected(graph, unlinked, none)].sort()).toEqual(["decode", "sample"]);
  const sweep = shippedLevel("prompt_sweep.json").graph;
  const copy = { ...sweep };
  const found = affected(sweep, copy, (name) => name === "heading");
  expect([...found].sort()).toEqual(["headings", "sheet", "table"]);
});
