import { expect, test } from "vitest";
import { type Graph, graphAt } from "../graph/document";
import { linksOf } from "../graph/links";
import { shippedLevel } from "../testing/files";
import { applyStep, type Change, type Step } from "./command";
import { putGroup, setNamedInput } from "./graph";
import { execute, type History, redo, startHistory, undo } from "./history";
import { connect, disconnect } from "./links";
import { moveNodes, removeNodes, setInput, setLook, showAsPort } from "./nodes";

const start = shippedLevel("text_to_image.json").graph;
const step = (change: Change, merge?: string): Step => ({
  path: [],
  changes: [change],
  ...(merge && { merge }),
});

const STEPS = [
  moveNodes({ positions: { model: [5, 6], decode: [900, 10] } }),
  setInput({ node: "sample", input: "steps", value: 12 }),
  setInput({ node: "prompt", input: "text", value: { link: "looks.like" } }),
  disconnect({ links: [{ target: "sample", input: "negative", slot: null }] }),
  connect({
    source: "prompt",
    output: "conditioning",
    target: "sample",
    input: "negative",
    joining: "replace",
  }),
  setLook({ ids: ["sample", "noise"], look: { mode: "muted", title: "S" } }),
  showAsPort({ node: "sample", input: "steps", shown: true }),
  putGroup({ group: { id: "g", title: "G", rect: [0, 0, 100, 100] } }),
  setNamedInput({ name: "more", targets: ["sample.seed", "negative.text"] }),
  removeNodes({ ids: ["negative", "model"] }),
] as const;

function all(history: History): History {
  return STEPS.reduce((at, change, index) => execute(at, step(change), index * 10_000), history);
}

test("undo goes back to the very document, and redo is replay", () => {
  const done = all(startHistory(start));
  let at = done;
  const seen: Graph[] = [];
  while (at.past) {
    seen.push(at.document);
    at = undo(at);
  }
  expect(at.document).toBe(start);
  expect(seen.length).toBe(STEPS.length);
  expect(new Set(seen).size).toBe(STEPS.length);
  while (at.future) at = redo(at);
  expect(at.document).toEqual(done.document);
});

test("what a step leaves alone is shared", () => {
  const after = applyStep(start, step(STEPS[0]));
  expect(after.nodes.sample).toBe(start.nodes.sample);
  expect(after.nodes.model).not.toBe(start.nodes.model);
  expect(after.nodes.model?.inputs).toBe(start.nodes.model?.inputs);
});

test("a removed node takes its links and names with it", () => {
  const { document } = all(startHistory(start));
  expect(linksOf(document).filter((link) => link.source === "model")).toEqual([]);
  expect(document.inputs.negative).toBeUndefined();
  expect(document.inputs.more).toEqual(["sample.seed"]);
  expect(document.outputs).toEqual({ image: "decode.image" });
});

test("a literal that would read as a link is wrapped", () => {
  const { document } = all(startHistory(start));
  expect(document.nodes.prompt?.inputs.text).toEqual({ literal: { link: "looks.like" } });
});

test("typing is one step; a pause or another place starts the next", () => {
  const typed = (text: string) => setInput({ node: "prompt", input: "text", value: text });
  let history = startHistory(start);
  history = execute(history, step(typed("a"), "prompt.text"), 1000);
  history = execute(history, step(typed("ab"), "prompt.text"), 1200);
  history = execute(history, step(typed("abc"), "prompt.text"), 9000);
  expect(history.document.nodes.prompt?.inputs.text).toBe("abc");
  history = undo(history);
  expect(history.document.nodes.prompt?.inputs.text).toBe("ab");
  history = undo(history);
  expect(history.document).toBe(start);
  history = redo(history);
  expect(history.document.nodes.prompt?.inputs.text).toBe("ab");
});

test("a step that changes nothing leaves no trace, and a new one forgets the undone", () => {
  const history = all(startHistory(start));
  expect(execute(history, step(removeNodes({ ids: ["nobody"] })), 0)).toBe(history);
  const branched = execute(undo(history), step(STEPS[0]), 0);
  expect(branched).toEqual(undo(history)); // the nodes are there already
  const other = moveNodes({ positions: { sample: [1, 1] } });
  expect(execute(undo(history), step(other), 0).future).toBeNull();
});

test("steps inside a subgraph change it and nothing beside it", () => {
  const sweep = shippedLevel("prompt_sweep.json").graph;
  const path = ["row", "picture"];
  const change = setInput({ node: "sample", input: "steps", value: 3 });
  const after = applyStep(sweep, { path, changes: [change] });
  expect(graphAt(after, path)?.nodes.sample?.inputs.steps).toBe(3);
  expect(after.workflows.heading).toBe(sweep.workflows.heading);
  expect(after.nodes).toBe(sweep.nodes);
});
