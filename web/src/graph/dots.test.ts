import { expect, test } from "vitest";
import { shippedLevel } from "../testing/files";
import type { Graph, Point } from "./document";
import { bendsAlong, joined, linksOver, withDot } from "./dots";
import { linksOf } from "./links";

// The text encoder goes to two nodes, the network of the model to others.
const shipped = shippedLevel("text_to_image.json").graph;
const [first, second] = linksOf(shipped).filter(({ output }) => output === "text_encoder");
const other = linksOf(shipped).find(({ output }) => output === "vae");
if (!first || !second || !other) throw new Error("the workflow has other links now");
const trunk: Point = [100, 50];
const graph: Graph = {
  ...shipped,
  reroutes: {
    [first.id]: [trunk, [200, 60]],
    [second.id]: [trunk],
    [other.id]: [trunk],
  },
};

test("bends at one place are one dot for links from one output, and for no others", () => {
  expect(linksOver(graph, first, trunk)).toEqual([first, second]);
  expect(linksOver(graph, other, trunk)).toEqual([other]);
  expect(withDot(graph, second, trunk, [110, 50])).toEqual({
    [first.id]: [
      [110, 50],
      [200, 60],
    ],
    [second.id]: [[110, 50]],
  });
  expect(withDot(graph, first, [200, 60], null)).toEqual({ [first.id]: [trunk] });
  expect(withDot(graph, first, trunk, null)).toEqual({ [first.id]: [[200, 60]], [second.id]: [] });
});

test("a dot let go near another of the same output joins it", () => {
  expect(joined(graph, second, trunk, [205, 64], 12)).toEqual([200, 60]);
  expect(joined(graph, second, trunk, [150, 64], 12)).toEqual([150, 64]);
  expect(joined(graph, other, trunk, [205, 64], 12)).toEqual([205, 64]);
});

test("bends go along when both ends of their link move by the same way", () => {
  const at = (id: string, by: number): Point => {
    const [x, y] = graph.nodes[id]?.position ?? [0, 0];
    return [x + by, y];
  };
  const moved = { [first.source]: at(first.source, 30), [first.target]: at(first.target, 30) };
  expect(bendsAlong(graph, moved)).toEqual({
    [first.id]: [
      [130, 50],
      [230, 60],
    ],
  });
  expect(bendsAlong(graph, { ...moved, [first.target]: at(first.target, 40) })).toEqual({});
});
