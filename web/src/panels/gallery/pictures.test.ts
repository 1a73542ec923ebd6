import { expect, it } from "vitest";
import type { OutputItem } from "../../api/types";
import { fileName, picturesOf } from "./pictures";

const file = (name: string, media_type: string): OutputItem => ({
  file: `folder/${name}`,
  media_type,
  bytes: 1,
  url: "",
});
const run = (run_id: string, name: string, outputs: Record<string, OutputItem[]>) => ({
  run_id,
  name,
  workflow_name: "in the document",
  outputs,
  created: 5,
  seconds: 1,
});
const runs = [
  run("r2", "Red apple", {
    image: [file("a.png", "image/png"), file("b.webp", "image/webp")],
    text: [{ value: "no picture" }],
    sound: [file("c.wav", "audio/wav")],
  }),
  run("r1", "", { image: [file("d.png", "image/png")] }),
];

it("finds every picture of every output, newest run first", () => {
  const found = picturesOf(runs);
  expect(found.map(({ id }) => id)).toEqual(["r2/image/0", "r2/image/1", "r1/image/0"]);
  expect(found.map(fileName)).toEqual(["a.png", "b.webp", "d.png"]);
  expect(found[2]?.title).toBe("in the document");
});

it("searches by the words of a name", () => {
  expect(picturesOf(runs, " apple RED ")).toHaveLength(2);
  expect(picturesOf(runs, "pear")).toEqual([]);
});
