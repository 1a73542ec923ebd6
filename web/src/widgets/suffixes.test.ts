import { expect, test } from "vitest";
import { catalogue } from "../testing/files";
import { acceptOf, hasSuffix, suffixesOf } from "./suffixes";

const pictures = suffixesOf(catalogue.nodes.get("image/load")?.inputs.file?.schema ?? {});

test("an input is offered the files that it reads, whatever the case of their names", () => {
  const names = ["a.png", "B.JPEG", "notes.txt", "png", "a.png.zip", "scan.tif"];
  expect(names.filter((name) => hasSuffix(name, pictures))).toEqual([
    "a.png",
    "B.JPEG",
    "scan.tif",
  ]);
  expect(hasSuffix("Head.NII.gz", [".nii.gz"])).toBe(true);
  expect(hasSuffix("head.gz", [".nii.gz"])).toBe(false);
  expect(hasSuffix("a.jpg", [".JPG"])).toBe(true);
});

test("an input of a type that is read from files is for those of the type", () => {
  const { image, mask } = catalogue.nodes.get("diffusion/encode_image")?.inputs ?? {};
  expect(suffixesOf(image?.schema ?? {})).toEqual(pictures);
  expect(suffixesOf(mask?.schema ?? {})).toEqual(pictures);
});

test("an input that says nothing is offered every file", () => {
  expect(suffixesOf({ type: "string", widget: "file" })).toEqual([]);
  expect(hasSuffix("notes.txt", [])).toBe(true);
  expect(acceptOf([])).toBeUndefined();
});

test("what is uploaded is picked by the same endings", () => {
  expect(acceptOf(pictures)?.split(",")).toEqual(pictures);
  expect(acceptOf([".zip", ".nii.gz", ".gz"])).toBe(".zip,.nii.gz,.gz");
});
