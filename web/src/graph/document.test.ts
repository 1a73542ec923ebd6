import { describe, expect, test } from "vitest";
import { shipped, shippedLevel, shippedText } from "../testing/files";
import { formatJson, type JsonObject, parseJson, plainJson, sameJson } from "./json";
import { linksOf } from "./links";
import { quickProblems } from "./problems";
import { NotAWorkflow, readDocument, readText } from "./read";
import { writeDocument, writeText } from "./write";

describe("shipped workflows", () => {
  test.each(shipped)("%s comes back as it was, its nodes in the same order", (name) => {
    const before = parseJson(shippedText(name), { reals: true }) as JsonObject;
    const after = writeDocument(readText(shippedText(name)));
    expect(plainJson(after)).toEqual(plainJson(before));
    expect(formatJson({ ...after, editor: {} })).toContain(formatJson(before.nodes));
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

test("a whole number that was written as a real one stays one, where values are", () => {
  const written =
    '{"nodes":{"a":{"type":"control/value","inputs":{"value":2.0,"more":[-0.0,1e3,2,{"b":1e21}]}}},"editor":{"positions":{"a":[10.0,20.0]}}}';
  const graph = readText(written);
  expect(graph.nodes.a?.position).toEqual([10, 20]);
  const text = writeText(graph);
  expect(JSON.stringify(JSON.parse(text))).toContain("[10,20]");
  for (const part of ['"value": 2.0,', "-0.0,", "1000.0,", " 2,", "1e+21"]) {
    expect(text).toContain(part);
  }
  const again = readText(text);
  expect(writeText(again)).toBe(text);
  const [one, other] = [graph, again].map((read) => read.nodes.a?.inputs as JsonObject);
  expect(sameJson(one, other)).toBe(true);
  expect(sameJson({ ...one, value: 2 }, other)).toBe(false);
  expect(formatJson(structuredClone(one))).toBe(formatJson(one)); // as IndexedDB stores it
  expect(plainJson(one ?? null)).toEqual({ value: 2, more: [-0, 1000, 2, { b: 1e21 }] });
  const plain = { a: [1, "2.0"] };
  expect(plainJson(plain)).toBe(plain);
});

test("only documents know whole real numbers, and texts stay texts", () => {
  expect(parseJson('{"maximum":1.0,"text":"2.0 is \\"2.0\\""}')).toEqual({
    maximum: 1,
    text: '2.0 is "2.0"',
  });
  const text = '{"text":"2.0, 1e5 and 12345678901234567"}';
  expect(parseJson(text, { reals: true })).toEqual(JSON.parse(text));
});

test.each([["{"], ["[]"], ["{}"], ['{"nodes":{},"format":"graphgen/9"}']])(
  "%s is refused in words",
  (text) => {
    expect(() => readText(text)).toThrow(NotAWorkflow);
  },
);
