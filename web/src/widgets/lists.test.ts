import { expect, test } from "vitest";
import { inserted, kindOf, movedBy, readItem, removedAt, replacedAt, showItem } from "./lists";

test("items are read by what the list holds", () => {
  expect(readItem("12", kindOf(["str"]))).toBe("12");
  expect(readItem("12", kindOf(["int"]))).toBe(12);
  expect(readItem("1.5", kindOf(["float"]))).toBe(1.5);
  expect(readItem("a", kindOf(["float"]))).toBeUndefined();
  expect(readItem("12", kindOf(["any"]))).toBe(12);
  expect(readItem("red apple", kindOf(["any"]))).toBe("red apple");
  expect(readItem('{"a": 1}', kindOf(["int", "str"]))).toEqual({ a: 1 });
  expect(readItem("yes", kindOf(["bool"]))).toBeUndefined();
});

test.each(["text", "12", "true", "", '"quoted"', "[1]"])(
  "any text is read as it is shown: %s",
  (text) => {
    expect(readItem(showItem(text, "anything"), "anything")).toBe(text);
  },
);

test("lists change without touching the old one", () => {
  const items = ["a", "b", "c"];
  expect(inserted(items, 1, ["x", "y"])).toEqual(["a", "x", "y", "b", "c"]);
  expect(replacedAt(items, 2, "z")).toEqual(["a", "b", "z"]);
  expect(removedAt(items, 0)).toEqual(["b", "c"]);
  expect(movedBy(items, 0, 1)).toEqual(["b", "a", "c"]);
  expect(movedBy(items, 0, -1)).toEqual(items);
  expect(movedBy(items, 2, 1)).toEqual(items);
});
