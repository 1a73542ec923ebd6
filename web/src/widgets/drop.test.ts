import { expect, test } from "vitest";
import { catalogue } from "../testing/files";
import { fileInput, readerOf } from "./drop";

test("pictures are read by the type of node that needs nothing but a file", () => {
  expect(readerOf(catalogue, "image/png")?.id).toBe("image/load");
  expect(readerOf(catalogue, "text/csv")).toBeUndefined();
});

test("a file is for an empty input that is needed, else for any that is not linked", () => {
  const inputs = catalogue.nodes.get("diffusion/encode_image")?.inputs ?? {};
  const named = (record: Parameters<typeof fileInput>[0]) => fileInput(record, inputs)?.[0];
  expect(named({ inputs: {} })).toBe("image");
  expect(named({ inputs: { image: { link: "load.image" } } })).toBe("mask");
  expect(named({ inputs: { image: { file: "a.png" }, mask: { file: "b.png" } } })).toBe("image");
  expect(fileInput({ inputs: {} }, catalogue.nodes.get("control/value")?.inputs ?? {})).toBeNull();
});
