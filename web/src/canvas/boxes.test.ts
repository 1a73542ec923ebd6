import { expect, test } from "vitest";
import { align, type Box, distribute } from "../graph/boxes";
import { type Level, levelAt } from "../graph/subgraphs";
import { catalogue, shipped, shippedLevel } from "../testing/files";
import { cardBoxes, groupAround, membersOf } from "./boxes";

const NO_PICTURES = new Map<string, string>();
const box = (id: string, ...rect: [number, number, number, number]): Box => ({ id, rect });
const BOXES = [box("a", 0, 0, 100, 50), box("b", 300, 20, 50, 100), box("c", 120, 400, 80, 30)];

test("boxes share an edge or a middle of the space they take", () => {
  expect(align(BOXES, "right")).toEqual({ a: [250, 0], b: [300, 20], c: [270, 400] });
  expect(align(BOXES, "middle")).toEqual({ a: [0, 190], b: [300, 165], c: [120, 200] });
  expect(align([], "left")).toEqual({});
});

test("gaps are made equal, and the outer boxes stay", () => {
  expect(distribute(BOXES, "horizontal")).toEqual({ a: [0, 0], c: [160, 400], b: [300, 20] });
  expect(distribute(BOXES.slice(0, 2), "horizontal")).toEqual({});
});

test("a group is around its cards, and they are its members", () => {
  const level = shippedLevel("text_to_image.json");
  const boxes = cardBoxes(level, NO_PICTURES);
  const chosen = boxes.filter(({ id }) => id === "prompt" || id === "negative");
  const rect = groupAround(chosen);
  if (!rect) throw new Error("there is no group");
  expect(membersOf(level, { id: "g", title: "", rect }, NO_PICTURES)).toEqual([
    "prompt",
    "negative",
  ]);
});

function* levels(level: Level): Generator<Level> {
  yield level;
  for (const name of Object.keys(level.graph.workflows)) {
    const graph = level.graph.workflows[name];
    if (graph) yield* levels({ graph, path: [...level.path, name], outer: level, catalogue });
  }
}

test.each(shipped)("no cards of %s lie on each other", (name) => {
  for (const level of levels(shippedLevel(name))) {
    expect(levelAt(shippedLevel(name).graph, level.path, catalogue)).not.toBeNull();
    const boxes = cardBoxes(level, NO_PICTURES);
    const hit = boxes.flatMap((a, index) =>
      boxes
        .slice(0, index)
        .filter((b) => touch(a, b))
        .map((b) => `${a.id} on ${b.id}`),
    );
    expect(hit).toEqual([]);
  }
});

function touch({ rect: a }: Box, { rect: b }: Box): boolean {
  return a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3];
}
