import { expect, test } from "vitest";
import { boundsOf, clamp, parseNumber, shareOf } from "./numbers";

test("limits and steps come from the schema", () => {
  const seed = boundsOf({ type: "integer", minimum: 0, maximum: 9223372036854775807n });
  expect(seed).toMatchObject({ integer: true, step: 1 });
  expect(clamp(-1, seed)).toBe(0);
  expect(clamp(9223372036854775806n, seed)).toBe(9223372036854775806n);
  expect(clamp(9999999999999999999n, seed)).toBe(9223372036854775807n);
  expect(boundsOf({ type: "number", minimum: 0, maximum: 1 }).step).toBe(0.01);
  expect(boundsOf({ type: "integer", multipleOf: 64 }).step).toBe(64);
});

test.each([
  ["12", true, 12],
  [" -3 ", true, -3],
  ["2.6", true, 3],
  ["0,5", false, 0.5],
  ["1e3", false, 1000],
  ["9007199254740993", true, 9007199254740993n],
  ["", false, null],
  ["abc", false, null],
])("%s is read (integer: %s) as %s", (text, integer, value) => {
  expect(parseNumber(text, integer)).toBe(value);
});

test("what has to be a multiple is rounded to one, within its limits", () => {
  const bounds = boundsOf({ type: "integer", minimum: 64, maximum: 8192, multipleOf: 64 });
  expect([70, 100, 9000, 1].map((value) => clamp(value, bounds))).toEqual([64, 128, 8192, 64]);
  expect(bounds.step).toBe(64);
  expect(clamp(0.32, boundsOf({ type: "number", multipleOf: 0.1 }))).toBe(0.3);
});

test("numbers between narrow limits are shares", () => {
  const share = boundsOf({ type: "number", minimum: 0, maximum: 1 });
  expect([0.25, -1, 5].map((value) => shareOf(value, share))).toEqual([0.25, 0, 1]);
  expect(shareOf(null, share)).toBeNull();
  expect(shareOf(5, boundsOf({ type: "number", minimum: 0, maximum: 100 }))).toBeNull();
  expect(shareOf(1, boundsOf({ type: "integer", minimum: 0, maximum: 1 }))).toBeNull();
});
