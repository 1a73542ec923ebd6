import { expect, test } from "vitest";
import table from "../testing/compatible.json";
import { compatible, type TypeExpr, typeText } from "./types";

const expressions = table.expressions as Record<string, TypeExpr>;
const converts = (name: string) => (table.converts_to as Record<string, string[]>)[name] ?? [];

test("every link is decided as Python decides it", () => {
  const wrong = table.rows.filter(([from, to, fit]) => {
    const [source, target] = [expressions[from as string], expressions[to as string]];
    return !source || !target || compatible(source, target, converts) !== fit;
  });
  expect(wrong).toEqual([]);
  expect(table.rows.length).toBeGreaterThan(1000);
});

test("types are written as Python writes them", () => {
  for (const [text, type] of Object.entries(expressions)) expect(typeText(type)).toBe(text);
});
