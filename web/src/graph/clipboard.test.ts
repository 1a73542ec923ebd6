import { expect, test } from "vitest";
import { applyStep } from "../commands/command";
import { renameSubgraph } from "../commands/graph";
import { catalogue, shippedLevel } from "../testing/files";
import { copyOf, pasted } from "./clipboard";
import { EMPTY_GRAPH, type Graph } from "./document";
import { extract, extractionProblem } from "./extract";
import { linksOf } from "./links";
import { quickProblems } from "./problems";
import { readText } from "./read";
import { type Level, levelAt, specOf } from "./subgraphs";
import { unpack } from "./unpack";
import { writeText } from "./write";

const pictures = shippedLevel("text_to_image.json");
const sweep = shippedLevel("prompt_sweep.json");
const levelOf = (graph: Graph): Level => ({ graph, path: [], outer: null, catalogue });
const copied = (level: Level, ...ids: string[]) => {
  const part = copyOf(level, new Set(ids));
  if (!part) throw new Error("nothing was copied");
  return readText(writeText(part));
};

test("a copy keeps the links among its nodes, and those from outside if wanted", () => {
  const part = copied(pictures, "sample", "decode");
  const alone = pasted(pictures, part, [40, 20], false);
  expect(alone.selection).toEqual(["sample_2", "decode_2"]);
  const copy = alone.part.nodes;
  expect(copy.decode_2?.inputs.samples ?? copy.decode_2?.inputs.latent).toEqual({
    link: expect.stringMatching(/^sample_2\./),
  });
  expect(linksOf(alone.part).every((link) => link.source.endsWith("_2"))).toBe(true);
  const { part: linked } = pasted(pictures, part, [40, 20], true);
  const sources = linksOf(linked).map((link) => link.source);
  expect(sources).toContain("model");
  expect(copy.sample_2?.position).toEqual(
    pictures.graph.nodes.sample?.position.map((at, index) => at + (index === 0 ? 40 : 20)),
  );
});

test("a whole workflow comes into an empty level with its names", () => {
  const part = copied(pictures, ...Object.keys(pictures.graph.nodes));
  const { part: all } = pasted(levelOf(EMPTY_GRAPH), part, [0, 0], false);
  expect(all.nodes).toEqual(pictures.graph.nodes);
  expect(all.inputs).toEqual(pictures.graph.inputs);
  expect(all.outputs).toEqual(pictures.graph.outputs);
});

test("subgraphs go along, once, and under another name where theirs is taken", () => {
  const part = copied(sweep, ...Object.keys(sweep.graph.nodes));
  expect(Object.keys(pasted(sweep, part, [0, 0], false).part.workflows)).toEqual([]);
  const fresh = pasted(levelOf(EMPTY_GRAPH), part, [0, 0], false).part;
  expect(quickProblems(levelOf(fresh))).toEqual([]);
  const other = { ...EMPTY_GRAPH, workflows: { row: EMPTY_GRAPH } };
  const renamed = pasted(levelOf(other), part, [0, 0], false).part;
  expect(Object.keys(renamed.workflows)).toContain("row_2");
  const merged = { ...renamed, workflows: { ...other.workflows, ...renamed.workflows } };
  expect(quickProblems(levelOf(merged))).toEqual([]);
});

const wish = { name: "part", title: "Part", id: "part", position: [0, 0] } as const;

test("chosen nodes become a subgraph with named inputs and outputs", () => {
  const ids = ["prompt", "negative", "sample"];
  expect(extractionProblem(pictures.graph, ids)).toBeNull();
  const graph = extract(pictures.graph, { ...wish, ids });
  const level = levelOf(graph);
  expect(quickProblems(level)).toEqual([]);
  const node = graph.nodes.part;
  const spec = node && specOf(level, node);
  expect(Object.keys(spec?.inputs ?? {})).toEqual(expect.arrayContaining(["prompt", "model"]));
  expect(graph.inputs.prompt).toBe("part.prompt");
  const inner = levelAt(graph, ["part"], catalogue);
  const codes = inner ? quickProblems(inner).map((problem) => problem.code) : ["no level"];
  expect(codes.filter((code) => code !== "missing_input")).toEqual([]);
  expect(linksOf(graph).filter((link) => ids.includes(link.source))).toEqual([]);
});

test("a subgraph is renamed in every node that uses it, also in loops", () => {
  const step = { path: [], changes: [renameSubgraph({ name: "row", title: "A Row" })] };
  const after = applyStep(sweep.graph, step);
  expect(after.nodes.rows?.inputs.body).toBe("a_row");
  expect(after.workflows.a_row?.name).toBe("A Row");
  expect(after.workflows.row).toBeUndefined();
  expect(quickProblems(levelOf(after))).toEqual([]);
});

test("what would go round in a circle can't become a subgraph", () => {
  expect(extractionProblem(pictures.graph, ["model", "sample"])).toBe("cycle");
  expect(extractionProblem(pictures.graph, ["nobody"])).toBe("empty");
});

test("unpacking brings back what was there", () => {
  const ids = ["prompt", "negative", "sample"];
  const graph = extract(pictures.graph, { ...wish, ids });
  const back = unpack(levelOf(graph), "part", [0, 0]);
  expect(back?.graph.nodes).toEqual(pictures.graph.nodes);
  expect(back?.graph.inputs).toEqual(pictures.graph.inputs);
  expect(back?.graph.outputs).toEqual(pictures.graph.outputs);
});

test("a subgraph within another one is unpacked with its own subgraphs", () => {
  const row = { id: "one", type: "workflow/row", inputs: { prompt: "rocket" } } as const;
  const nodes = { ...sweep.graph.nodes, one: { ...row, position: [0, 0] as const } };
  const graph = unpack(levelOf({ ...sweep.graph, nodes }), "one", [0, 0])?.graph;
  expect(graph && Object.keys(graph.workflows)).toEqual(
    expect.arrayContaining(Object.keys(sweep.graph.workflows.row?.workflows ?? {})),
  );
  expect(graph && quickProblems(levelOf(graph))).toEqual([]);
});
