import { expect, test } from "vitest";
import { bendsWith } from "../canvas/tools/bends";
import { shippedLevel } from "../testing/files";
import { bestPort } from "./bestPort";
import { passedOn } from "./bypass";
import type { Graph, NodeRecord } from "./document";
import { extract } from "./extract";
import { linksOf } from "./links";
import { renamePort } from "./renamePort";
import { specOf } from "./subgraphs";

const level = shippedLevel("text_to_image.json");

test("a link dropped on a card takes the free port of its very type first", () => {
  const model = { node: "model", port: "vae", side: "output" } as const;
  expect(bestPort(level, model, "decode")).toMatchObject({ input: "vae", joining: "replace" });
  expect(bestPort(level, model, "sample")).toBeNull();
  const end = { node: "sample", port: "positive", side: "input" } as const;
  expect(bestPort(level, end, "negative")).toMatchObject({
    source: "negative",
    output: "conditioning",
    target: "sample",
  });
});

test.each([
  ["sample", [["latent", "latent"]]],
  ["prompt", [["conditioning", null]]],
  ["decode", [["image", null]]],
])("bypassed, %s passes on what is of the same type", (id, passed) => {
  const node = level.graph.nodes[id] as NodeRecord;
  const spec = specOf(level, node);
  expect(spec && [...passedOn(node, spec, level.catalogue.converts)]).toEqual(passed);
});

test("a bend is put into the part of the way that it lies beside", () => {
  const ends = [
    [0, 0],
    [300, 0],
  ] as const;
  expect(bendsWith([], ends, [100, 50])).toEqual([[100, 50]]);
  expect(bendsWith([[100, 50]], ends, [200, 50])).toEqual([
    [100, 50],
    [200, 50],
  ]);
  expect(bendsWith([[100, 50]], ends, [50, 20])).toEqual([
    [50, 20],
    [100, 50],
  ]);
});

test("who uses a subgraph follows when its inputs and outputs are named anew", () => {
  const ids = ["prompt", "negative"];
  const place = { name: "texts", title: "Texts", id: "texts", position: [0, 0] } as const;
  const before = extract(level.graph, { ...place, ids });
  const path = ["texts"];
  const first = renamePort(before, { path, side: "outputs", from: "conditioning", to: "wanted" });
  const after: Graph = renamePort(first, { path, side: "inputs", from: "prompt", to: "text" });
  expect(after.workflows.texts?.outputs.wanted).toBe("prompt.conditioning");
  expect(after.inputs.prompt).toBe("texts.text");
  const outputs = linksOf(after).flatMap((link) => (link.source === "texts" ? [link.output] : []));
  expect(outputs).toContain("wanted");
  expect(outputs).not.toContain("conditioning");
  const taken = { path, side: "inputs", from: "text", to: "negative" } as const;
  expect(renamePort(after, taken)).toBe(after);
});
