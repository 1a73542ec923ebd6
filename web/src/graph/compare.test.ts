import { expect, it } from "vitest";
import { compareGraphs } from "./compare";
import { readDocument } from "./read";

const before = readDocument({
  nodes: { a: { type: "t/a", inputs: { x: 1 } }, b: { type: "t/b" }, c: { type: "t/c" } },
  workflows: { sub: { nodes: { d: { type: "t/d" } } } },
});

it("says which nodes are new, gone and changed, at all levels", () => {
  const after = readDocument({
    nodes: { a: { type: "t/a", inputs: { x: 2 } }, c: { type: "t/c" }, e: { type: "t/e" } },
    workflows: { sub: { nodes: { d: { type: "t/d", mode: "muted" } } } },
  });
  expect(compareGraphs(before, after)).toEqual({
    added: ["e"],
    removed: ["b"],
    changed: ["a", "sub/d"],
  });
});

it("does not look at where nodes are drawn", () => {
  const moved = { ...before, nodes: { ...before.nodes } };
  for (const node of Object.values(before.nodes)) {
    moved.nodes[node.id] = { ...node, position: [9, 9], title: "other" };
  }
  expect(compareGraphs(before, moved)).toEqual({ added: [], removed: [], changed: [] });
});
