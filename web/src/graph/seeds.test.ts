import { expect, test } from "vitest";
import { shippedLevel } from "../testing/files";
import { isSeed, randomSeed } from "./seeds";

const level = shippedLevel("text_to_image.json");
const input = (node: string, name: string) => {
  const found = level.catalogue.nodes.get(node)?.inputs[name];
  if (!found) throw new Error(`${node} has no ${name}`);
  return found;
};

test("seeds are told by their range, also where they may be missing", () => {
  expect(isSeed(input("diffusion/latent_noise", "seed"))).toBe(true);
  expect(isSeed(input("diffusion/sample", "seed"))).toBe(true);
  expect(isSeed(input("diffusion/sample", "steps"))).toBe(false);
  expect(isSeed(input("control/range", "start"))).toBe(false);
});

test("a random seed is a whole number of 32 bits", () => {
  const seeds = Array.from({ length: 100 }, randomSeed);
  expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)).toBe(true);
  expect(new Set(seeds).size).toBeGreaterThan(90);
});
