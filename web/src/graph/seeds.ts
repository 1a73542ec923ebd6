/** Seeds: which inputs are one, and drawing one. */

import type { InputSpec } from "./catalogue";
import { isObject, type JsonObject } from "./json";

/** Whole numbers that may be this large mean nothing by themselves: they are seeds. */
const LARGE = 2 ** 32 - 1;

export function isSeed({ type, schema }: InputSpec): boolean {
  if (schema.widget === "seed") return true;
  if (type.depth > 0) return false;
  const members = Array.isArray(schema.anyOf) ? schema.anyOf.filter(isObject) : [schema];
  return members.some(isLarge);
}

function isLarge({ type, minimum, maximum }: JsonObject): boolean {
  const bounded = typeof maximum === "number" || typeof maximum === "bigint";
  return type === "integer" && bounded && maximum >= LARGE && Number(minimum) >= 0;
}

/** A seed of at most ten digits, which people can read out. */
export function randomSeed(): number {
  return Math.floor(Math.random() * (LARGE + 1));
}
