import { expect, test } from "vitest";
import { applyStep, type Change } from "../commands/command";
import { setNamedInput } from "../commands/graph";
import { disconnect } from "../commands/links";
import { addNodes } from "../commands/nodes";
import { shippedLevel } from "../testing/files";
import { newNode } from "./create";
import { distinct, neededNodes, placeOf, quickProblems } from "./problems";
import type { Level } from "./subgraphs";

const level = shippedLevel("text_to_image.json");
const after = (from: Level, ...changes: Change[]): Level => ({
  ...from,
  graph: applyStep(from.graph, { path: [], changes }),
});
const cut = (target: string, input: string) =>
  disconnect({ links: [{ target, input, slot: null }] }) as Change;

test.each(["text_to_image.json", "prompt_sweep.json", "inpaint.json"])("%s is in order", (name) => {
  expect(quickProblems(shippedLevel(name))).toEqual([]);
});

test("a needed input without a link is missing", () => {
  const found = quickProblems(after(level, cut("sample", "latent")));
  expect(found).toMatchObject([{ code: "missing_input", node: "sample", port: "latent" }]);
});

test("nodes that no result needs are looked at, too, as somebody is at work on them", () => {
  const spec = level.catalogue.nodes.get("image/load");
  if (!spec) throw new Error("no image/load");
  const loose = addNodes({ nodes: [newNode(level.graph, spec, [0, 0])] }) as Change;
  const changed = after(level, loose);
  expect(quickProblems(changed)).toMatchObject([{ node: "load", port: "file" }]);
  expect(neededNodes(changed.graph).has("load")).toBe(false);
  expect(neededNodes(changed.graph).has("model")).toBe(true);
});

test("problems inside subgraphs have the ids that runs give them", () => {
  const sweep = shippedLevel("prompt_sweep.json");
  const { row } = sweep.graph.workflows;
  if (!row) throw new Error("no row");
  const inner = applyStep(row, { path: ["picture"], changes: [cut("sample", "latent")] });
  const graph = { ...sweep.graph, workflows: { ...sweep.graph.workflows, row: inner } };
  const found = quickProblems({ ...sweep, graph });
  expect(found.map(({ node, port }) => `${node}.${port}`)).toEqual(["rows/pictures/sample.latent"]);
});

test("a subgraph's input that its node is given is not missing inside", () => {
  const inner = { ...level.graph, nodes: { ...level.graph.nodes } };
  const open = applyStep(inner, {
    path: [],
    changes: [
      cut("sample", "latent"),
      setNamedInput({ name: "l", targets: "sample.latent" }) as Change,
    ],
  });
  const outer = (inputs: object) =>
    ({
      ...level,
      graph: {
        ...level.graph,
        outputs: { image: "use.image" },
        nodes: { use: { id: "use", type: "workflow/make", inputs, position: [0, 0] } },
        workflows: { make: open },
      },
    }) as Level;
  const codes = (inputs: object) => quickProblems(outer(inputs)).map(({ node }) => node);
  expect(codes({})).toContain("use/sample");
  expect(codes({ l: { file: "latent.safetensors" } })).toEqual([]);
});

test("problems of files that literals name belong to the port that names them", () => {
  const has = (id: string) => id === "blur";
  const problem = { code: "x", message: "", node: "blur.image", port: "file", hint: null };
  expect(placeOf(problem, has)).toEqual({ node: "blur", port: "image" });
  expect(placeOf({ ...problem, node: "gone" }, has)).toBeNull();
  expect(distinct([problem, { ...problem, message: "again" }])).toEqual([problem]);
});
