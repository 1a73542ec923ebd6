import { expect, test } from "vitest";
import { boundsOf, clamp, parseNumber } from "./numbers";

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
