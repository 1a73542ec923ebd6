import { expect, test } from "vitest";
import { applyStep, type Change } from "../../commands/command";
import { shippedLevel } from "../../testing/files";
import { fieldsOf } from "./fields";
import { shareOf } from "./Progress";

test("the named inputs are the fields, in their order", () => {
  const fields = fieldsOf(shippedLevel("text_to_image.json"));
  expect(fields.map(({ label, id }) => [label, id])).toEqual([
    ["Prompt", "prompt.text"],
    ["Negative", "negative.text"],
    ["Seed", "noise.seed"],
    ["Steps", "sample.steps"],
    ["Guidance", "sample.guidance"],
  ]);
  expect(fields[0]?.value).toBe("a slice of pizza");
});

test("a name that feeds several ports sets them all", () => {
  const level = shippedLevel("prompt_sweep.json");
  const prompts = fieldsOf(level).find(({ name }) => name === "prompts");
  const changes = (prompts?.set(["cat", "dog"]) ?? []) as Change[];
  const { nodes } = applyStep(level.graph, { path: [], changes });
  expect(nodes.rows?.inputs.items).toEqual(["cat", "dog"]);
  expect(nodes.table?.inputs.row_headings).toEqual(["cat", "dog"]);
  expect(nodes.contact_sheet?.inputs.labels).toEqual(["cat", "dog"]);
});

test("the share of a run counts nodes and the steps of the one at work", () => {
  const nodes = { a: { status: "cached" }, b: { status: "running", step: 5, total: 10 } } as const;
  expect(shareOf({ nodes, total: 3 })).toBeCloseTo(0.5);
  expect(shareOf({ nodes: {}, total: 0 })).toBe(0);
});
