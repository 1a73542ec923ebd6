import { expect, it } from "vitest";
import { catalogue } from "../testing/files";
import { nthOfBatch, type SeedMode, takeDrawn } from "./batch";
import { readDocument } from "./read";
import { levelAt } from "./subgraphs";

const SAMPLE = { type: "diffusion/latent_noise" };
const LARGE = 2n ** 62n;
const document = {
  nodes: {
    open: SAMPLE,
    set: { ...SAMPLE, inputs: { seed: 7 } },
    large: { ...SAMPLE, inputs: { seed: LARGE } },
    locked: { ...SAMPLE, inputs: { seed: 7 } },
    linked: { ...SAMPLE, inputs: { seed: { link: "set.latent" } } },
    inner: { type: "workflow/sub" },
  },
  workflows: {
    sub: { inputs: { seed: "own.seed" }, nodes: { own: { ...SAMPLE, inputs: { seed: 1 } } } },
  },
  editor: { locked_seeds: ["locked.seed"] },
};

function seeds(index: number, mode: SeedMode) {
  const level = levelAt(readDocument(document), [], catalogue);
  if (!level) throw new Error("no level");
  const graph = nthOfBatch(level, index, mode, () => 99);
  const all = { ...graph.nodes, ...graph.workflows.sub?.nodes };
  return Object.fromEntries(Object.values(all).map((node) => [node.id, node.inputs.seed]));
}

const linked = { link: "set.latent" };

it("runs the document as it is at first", () => {
  expect(seeds(0, "random")).toMatchObject({ open: undefined, set: 7, own: 1 });
});

it("counts seeds on, at every level", () => {
  expect(seeds(2, "count")).toEqual({
    open: 2,
    set: 9,
    large: LARGE + 2n,
    locked: 7,
    linked,
    inner: undefined,
    own: 3,
  });
});

it("draws seeds", () => {
  expect(seeds(1, "random")).toEqual({
    open: 99,
    set: 99,
    large: 99,
    locked: 7,
    linked,
    inner: undefined,
    own: 99,
  });
});

it("takes drawn seeds but where somebody changed them meanwhile", () => {
  const before = readDocument(document);
  const level = levelAt(before, [], catalogue);
  if (!level) throw new Error("no level");
  const drawn = nthOfBatch(level, 1, "random", () => 99);
  expect(takeDrawn(before, before, drawn)).toBe(drawn);
  const edited = {
    nodes: {
      ...document.nodes,
      set: { ...SAMPLE, inputs: { seed: 5 } },
      large: { ...SAMPLE, inputs: { seed: LARGE, width: 8 } },
      added: { ...SAMPLE, inputs: { seed: 1 } },
    },
    workflows: document.workflows,
  };
  const { open: _, ...left } = edited.nodes;
  const now = takeDrawn(readDocument({ ...edited, nodes: left }), before, drawn);
  const inputs = Object.values(now.nodes).map(({ id, inputs: { seed, width } }) => [
    id,
    seed,
    width,
  ]);
  expect(inputs).toEqual([
    ["set", 5, undefined],
    ["large", 99, 8],
    ["locked", 7, undefined],
    ["linked", linked, undefined],
    ["inner", undefined, undefined],
    ["added", 1, undefined],
  ]);
  expect(now.workflows.sub?.nodes.own?.inputs.seed).toBe(99);
});
