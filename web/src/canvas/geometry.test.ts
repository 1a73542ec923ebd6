import { expect, test } from "vitest";
import { drawnSpec } from "../graph/ghost";
import type { Shown } from "../store/results";
import { shipped, shippedLevel } from "../testing/files";
import { registerViewer } from "../widgets/viewers";
import { makeFlow } from "./flow";
import { HEADER, layoutOf, PICTURE } from "./geometry";

const level = shippedLevel("text_to_image.json");
const NONE = new Set<string>();
const NO_PICTURES = new Map<string, Shown>();

function layout(id: string, fields = {}, shown?: Shown) {
  const node = level.graph.nodes[id];
  if (!node) throw new Error(`no node ${id}`);
  return layoutOf({ ...node, ...fields }, drawnSpec(level, node), shown);
}

test("every port has a place inside the card, and rows do not overlap", () => {
  for (const name of shipped) {
    const { graph } = shippedLevel(name);
    for (const node of Object.values(graph.nodes)) {
      const spec = drawnSpec({ ...level, graph }, node);
      const { inputs, outputs, height, ports, widgets } = layoutOf(node, spec, undefined);
      expect(Object.keys(inputs).sort()).toEqual(Object.keys(spec.inputs).sort());
      expect(Object.keys(outputs)).toEqual(Object.keys(spec.outputs));
      const rows = [...ports.map((row) => ({ ...row, height: 26 })), ...widgets];
      rows.forEach((row, index) => {
        expect(row.y + row.height).toBeLessThanOrEqual(rows[index + 1]?.y ?? height);
      });
    }
  }
});

test("a linked input is a port, an open one a widget, and either can be forced", () => {
  const widgets = (fields = {}) => layout("prompt", fields).widgets.map((row) => row.input);
  expect(widgets()).toEqual(["text", "clip_skip"]);
  expect(widgets({ ports: ["text"] })).toEqual(["clip_skip"]);
  expect(widgets({ inputs: { clip_skip: { link: "a.b" } } })).toEqual(["text"]);
});

test("a text area takes the height that is to spare, and a picture adds to it", () => {
  const [natural, tall] = [layout("prompt"), layout("prompt", { size: [300, 600] })];
  expect(tall).toMatchObject({ width: 300, height: 600 });
  expect(tall.widgets[0]?.height).toBe((natural.widgets[0]?.height ?? 0) + 600 - natural.height);
  const heights = ["blob:preview", ["conditioning"], 2, 99].map(
    (shown) => layout("prompt", {}, shown).height,
  );
  const [preview, picture, two, many] = heights.map((height) => height - natural.height);
  expect([picture, many]).toEqual([preview, preview]);
  expect(two).toBeGreaterThan(0);
  expect(two).toBeLessThan(preview ?? 0);
  expect(layout("prompt", { collapsed: true }).height).toBe(HEADER);
});

test("a viewer says how much room its results take, and other results take that of a picture", () => {
  const picture = layout("decode", {}, "blob:preview").height;
  registerViewer("image", { height: 400, mount: () => undefined });
  expect(layout("decode", {}, ["image"]).height).toBe(picture + 400 - PICTURE);
  expect(layout("decode", {}, "blob:preview").height).toBe(picture);
  expect(layout("prompt", {}, ["conditioning"]).picture?.height).toBe(PICTURE);
  registerViewer("image", { mount: () => undefined });
  expect(layout("decode", {}, ["image"]).height).toBe(picture);
});

test("what did not change stays the same object", () => {
  const flow = makeFlow();
  const still = { moved: null, resizing: null };
  const dragged = { ...still, moved: { noise: [1, 2] as const } };
  const before = flow.nodes(level, NONE, still, NO_PICTURES);
  const after = flow.nodes(level, new Set(["sample"]), dragged, NO_PICTURES);
  const changed = after.filter((node, index) => node !== before[index]).map((node) => node.id);
  expect(changed.sort()).toEqual(["noise", "sample"]);
  expect(flow.edges(level, NONE)[0]).toBe(flow.edges(level, NONE)[0]);
});
