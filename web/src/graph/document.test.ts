import { describe, expect, test } from "vitest";
import { shipped, shippedLevel, shippedText } from "../testing/files";
import { formatJson, parseJson, sameJson } from "./json";
import { linksOf } from "./links";
import { quickProblems } from "./problems";
import { NotAWorkflow, readDocument, readText } from "./read";
import { writeDocument, writeText } from "./write";

describe("shipped workflows", () => {
  test.each(shipped)("%s comes back as it was, its nodes in the same order", (name) => {
    const before = JSON.parse(shippedText(name));
    const after = writeDocument(readText(shippedText(name)));
    expect(after).toEqual(before);
    expect(formatJson({ ...after, editor: {} })).toContain(JSON.stringify(before.nodes));
  });

  test.each(shipped)("%s has no problem", (name) => {
    expect(quickProblems(shippedLevel(name))).toEqual([]);
  });
});

test("everything that the editor draws comes back", () => {
  const document = {
    format: "graphgen/1",
    nodes: {
      a: { type: "x/a", version: 3, inputs: { v: { literal: { link: "no.link" } } } },
      b: { type: "x/b", inputs: { v: { first: { link: "a.out" } } }, mode: "bypassed" },
    },
    packs: { x: "1.2.0" },
    editor: {
      positions: { a: [1, 2], b: [3.5, -4] },
      sizes: { a: [300, 200] },
      titles: { b: "B" },
      collapsed: ["b"],
      colours: { a: "#ff0000" },
      groups: { g: { title: "G", colour: "#00ff00", rect: [0, 0, 10, 10] } },
      notes: { n: { text: "hello", rect: [0, 0, 10, 10] } },
      reroutes: { "b.v": [[1, 1]] },
      ports: { a: ["v"] },
      locked_seeds: ["a.seed"],
      viewport: [0, 0, 1],
      "of a pack": { kept: true },
    },
  };
  const graph = readDocument(document);
  expect(sameJson(writeDocument(graph), document)).toBe(true);
  expect(linksOf(graph)).toEqual([
    { id: "b.v[first]", source: "a", output: "out", target: "b", input: "v", slot: "first" },
  ]);
  expect(readText(writeText(graph))).toEqual(graph);
});

test("nodes without a place get one, in the order of their links", () => {
  const graph = readDocument({
    nodes: {
      last: { type: "x", inputs: { v: { link: "first.v" } } },
      first: { type: "x" },
      other: { type: "x" },
    },
  });
  expect(graph.nodes.first?.position).toEqual([0, 0]);
  expect(graph.nodes.other?.position).toEqual([0, 240]);
  expect(graph.nodes.last?.position).toEqual([320, 0]);
});

test("seeds beyond 2^53 stay exact, and text that looks like them stays text", () => {
  const text =
    '{"seed":9223372036854775807,"text":"9223372036854775807 \\"1\\"","x":0.12345678901234566,"n":-3}';
  const value = parseJson(text);
  expect(value).toEqual({
    seed: 9223372036854775807n,
    text: '9223372036854775807 "1"',
    x: 0.12345678901234566,
    n: -3,
  });
  expect(parseJson(formatJson(value))).toEqual(value);
  expect(formatJson(value)).toContain('"seed":9223372036854775807,');
});

test.each([["{"], ["[]"], ["{}"], ['{"nodes":{},"format":"graphgen/9"}']])(
  "%s is refused in words",
  (text) => {
    expect(() => readText(text)).toThrow(NotAWorkflow);
  },
);
