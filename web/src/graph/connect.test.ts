import { expect, test } from "vitest";
import { applyStep, type Change } from "../commands/command";
import { connect } from "../commands/links";
import { addNodes } from "../commands/nodes";
import { catalogue, shippedLevel } from "../testing/files";
import { canLink } from "./connect";
import { newNode } from "./create";
import { linksInto } from "./links";
import { type Level, levelAt, specOf, subgraphSpec } from "./subgraphs";

const level = shippedLevel("text_to_image.json");
const from = (node: string, output: string) => ({ node, output });
const to = (node: string, input: string) => ({ node, input });

function after(start: Level, ...changes: Change[]): Level {
  return { ...start, graph: applyStep(start.graph, { path: [], changes }) };
}

test("types decide, and a refusal names both", () => {
  expect(canLink(level, from("model", "vae"), to("decode", "vae"))).toMatchObject({ ok: true });
  expect(canLink(level, from("decode", "image"), to("sample", "latent"))).toEqual({
    ok: false,
    reason: { code: "type", given: "image", wanted: "latent" },
  });
});

test("no node feeds itself, directly or around others", () => {
  const resize = catalogue.nodes.get("image/resize");
  if (!resize) throw new Error("the catalogue has no image/resize");
  const a = newNode(level.graph, resize, [0, 0]);
  const one = after(level, addNodes({ nodes: [a] }));
  const b = newNode(one.graph, resize, [0, 0]);
  expect([a.id, b.id]).toEqual(["resize", "resize_2"]);
  const two = after(
    one,
    addNodes({ nodes: [b] }),
    connect({ source: a.id, output: "image", target: b.id, input: "image", joining: "replace" }),
  );
  expect(canLink(two, from(a.id, "image"), to(a.id, "image"))).toMatchObject({
    reason: { code: "self" },
  });
  expect(canLink(two, from(b.id, "image"), to(a.id, "image"))).toMatchObject({
    reason: { code: "cycle" },
  });
});

test("a list port collects links, and a dict port names them", () => {
  const upscale = shippedLevel("upscale.json");
  const verdict = canLink(upscale, from("decode", "image"), to("comparison", "images"));
  if (!verdict.ok) throw new Error("refused");
  expect(verdict.joining).toBe("append");
  const next = after(
    upscale,
    connect({
      source: "decode",
      output: "image",
      target: "comparison",
      input: "images",
      joining: verdict.joining,
    }),
  );
  const comparison = next.graph.nodes.comparison;
  expect(comparison && linksInto(comparison).map((link) => link.source)).toEqual([
    "pixels",
    "resample",
    "enlarge",
    "decode",
  ]);
  const sweep = shippedLevel("prompt_sweep.json");
  expect(canLink(sweep, from("scales", "value"), to("rows", "inputs"))).toMatchObject({
    joining: { key: "scales" },
  });
});

test("a subgraph is a node type with the types inside it", () => {
  const sweep = shippedLevel("prompt_sweep.json");
  const row = levelAt(sweep.graph, ["row"], catalogue);
  const picture = levelAt(sweep.graph, ["row", "picture"], catalogue);
  if (!row || !picture) throw new Error("no such level");
  const spec = subgraphSpec(picture);
  expect(Object.keys(spec.inputs)).toEqual(["prompt", "guidance", "seed", "steps"]);
  expect(spec.inputs.prompt?.type.names).toEqual(["str"]);
  expect(spec.inputs.steps?.schema).toMatchObject({ default: 30, minimum: 1 });
  expect(spec.outputs.image?.type.names).toEqual(["image"]);
  const use = { ...newNode(row.graph, spec, [0, 0]) };
  expect(use.type).toBe("workflow/picture");
  expect(specOf(row, use)).toBe(spec);
  expect(specOf(sweep, use)).toBeUndefined();
});
