import { expect, test } from "vitest";
import { shippedLevel } from "../../testing/files";
import { makeFinder, offersAt } from "./find";

const level = shippedLevel("text_to_image.json");
const titles = (query: string) =>
  makeFinder(offersAt(level, null))(query).map((offer) => offer.spec.title);

test.each([
  ["resize", "Resize image"],
  ["sampel", "Sample"],
  ["load lora", "Load LoRA"],
  ["latent noise", "Latent noise"],
])("%s finds %s first", (query, title) => {
  expect(titles(query)[0]).toBe(title);
});

test("types and descriptions are searched, too", () => {
  expect(titles("super-resolution")).toContain("Load upscale model");
  expect(titles("text encoder")).toContain("Encode text");
  expect(titles("qqqq")).toEqual([]);
});

test("only what fits a drawn link is offered, the very type first", () => {
  const forward = offersAt(level, { node: "decode", port: "image", side: "output" });
  expect(forward[0]?.port).toBe("image");
  expect(forward.map((offer) => offer.spec.id)).not.toContain("diffusion/load_model");
  expect(forward.map((offer) => offer.spec.id)).toContain("control/value");
  const back = offersAt(level, { node: "sample", port: "mask", side: "input" });
  expect(back[0]?.spec.id).toMatch(/^image\/mask/);
  expect(back.map((offer) => offer.spec.id)).not.toContain("image/resize");
});

test("subgraphs in reach are offered, and not inside themselves", () => {
  const sweep = shippedLevel("prompt_sweep.json");
  const ids = offersAt(sweep, null).map((offer) => offer.spec.id);
  expect(ids).toContain("workflow/row");
  expect(ids).not.toContain("workflow/picture");
});
