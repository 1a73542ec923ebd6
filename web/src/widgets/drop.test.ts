import { expect, test } from "vitest";
import type { NodeSpec } from "../graph/catalogue";
import { catalogue } from "../testing/files";
import { fileInput, readerOf } from "./drop";

const reader = (name: string, type = "", from = catalogue) => readerOf(from, { name, type })?.id;

test("a file is read by the type of node that needs nothing else, by its ending or kind", () => {
  expect(reader("cat.png", "image/png")).toBe("image/load");
  expect(reader("SCAN.Tif")).toBe("image/load");
  expect(reader("cat", "image/png")).toBe("image/load");
  expect(reader("list.csv", "text/csv")).toBeUndefined();
  expect(reader("tif", "")).toBeUndefined();
});

test("of several readers the one for the longest ending of a name takes a file", () => {
  const load = catalogue.nodes.get("image/load");
  const file = load?.inputs.file;
  if (!load || !file) throw new Error("it is gone");
  const like = (id: string, suffixes: string[], out: string): NodeSpec => ({
    ...load,
    id,
    inputs: { file: { ...file, schema: { type: "string", widget: "file", suffixes } } },
    outputs: { value: { type: { names: [out], depth: 0, optional: false }, description: "" } },
  });
  const specs = [
    like("a/unpack", [".gz", ".png"], "dict"),
    like("a/scan", [".nii.gz"], "volume"),
    like("a/hear", [], "audio"),
    load,
  ];
  const several = { ...catalogue, nodes: new Map(specs.map((spec) => [spec.id, spec])) };
  expect(reader("head.nii.gz", "application/gzip", several)).toBe("a/scan");
  expect(reader("head.gz", "application/gzip", several)).toBe("a/unpack");
  expect(reader("cat.png", "image/png", several)).toBe("image/load");
  expect(reader("tune.ogg", "audio/ogg", several)).toBe("a/hear");
});

test("a file is for an empty input that is needed, else for any that is not linked", () => {
  const inputs = catalogue.nodes.get("diffusion/encode_image")?.inputs ?? {};
  const named = (record: Parameters<typeof fileInput>[0]) => fileInput(record, inputs)?.[0];
  expect(named({ inputs: {} })).toBe("image");
  expect(named({ inputs: { image: { link: "load.image" } } })).toBe("mask");
  expect(named({ inputs: { image: { file: "a.png" }, mask: { file: "b.png" } } })).toBe("image");
  expect(fileInput({ inputs: {} }, catalogue.nodes.get("control/value")?.inputs ?? {})).toBeNull();
});

test("of several inputs a file is for one that reads files of such a name", () => {
  const { image, mask } = catalogue.nodes.get("diffusion/encode_image")?.inputs ?? {};
  if (!image || !mask) throw new Error("they are gone");
  const scan = { ...mask, schema: { ...mask.schema, suffixes: [".nii.gz"] } };
  const named = (file?: string) => fileInput({ inputs: {} }, { image, scan }, file)?.[0];
  expect(named("head.NII.GZ")).toBe("scan");
  expect(named("cat.png")).toBe("image");
  expect(named("notes.txt")).toBe("image");
  expect(named()).toBe("image");
});
