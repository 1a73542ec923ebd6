/** What list editors do to lists; texts are read by what the list holds. */

import type { Json } from "../graph/json";
import { formatJson, parseJson } from "../graph/json";
import { parseNumber, showNumber } from "./numbers";

export type ItemKind = "text" | "integer" | "number" | "boolean" | "anything";

export function kindOf(names: readonly string[]): ItemKind {
  if (names.includes("any") || names.length > 1) return "anything";
  switch (names[0]) {
    case "int":
      return "integer";
    case "float":
      return "number";
    case "bool":
      return "boolean";
    default:
      return "text";
  }
}

export function showItem(value: Json, kind: ItemKind): string {
  if (typeof value === "number" || typeof value === "bigint") return showNumber(value);
  if (typeof value !== "string") return formatJson(value);
  // A text that would be read as something else keeps its quotes.
  return kind === "anything" && readItem(value, kind) !== value ? formatJson(value) : value;
}

/** The item that a text stands for; undefined if the list can't hold it. */
export function readItem(text: string, kind: ItemKind): Json | undefined {
  switch (kind) {
    case "text":
      return text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "anything":
      try {
        return parseJson(text, { reals: true });
      } catch {
        return text;
      }
    default:
      return parseNumber(text, kind === "integer") ?? undefined;
  }
}

/** What a new item starts as. */
export function freshItem(kind: ItemKind): Json {
  if (kind === "boolean") return false;
  return kind === "integer" || kind === "number" ? 0 : "";
}

export function inserted(items: readonly Json[], at: number, more: readonly Json[]): Json[] {
  return [...items.slice(0, at), ...more, ...items.slice(at)];
}

export function replacedAt(items: readonly Json[], at: number, value: Json): Json[] {
  return items.map((item, index) => (index === at ? value : item));
}

export function removedAt(items: readonly Json[], at: number): Json[] {
  return items.filter((_, index) => index !== at);
}

/** The list with an item one place further up (-1) or down (1). */
export function movedBy(items: readonly Json[], at: number, by: -1 | 1): Json[] {
  const next = [...items];
  const [item] = next.splice(at, 1);
  if (item !== undefined) next.splice(Math.max(0, Math.min(next.length, at + by)), 0, item);
  return next;
}
