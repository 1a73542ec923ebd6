/** Numbers of widgets: limits from a JSON Schema, steps, and how they are typed and shown. */

import type { JsonObject } from "../graph/json";

export interface Bounds {
  readonly integer: boolean;
  readonly minimum: number | bigint;
  readonly maximum: number | bigint;
  readonly step: number;
}

export function boundsOf(schema: JsonObject): Bounds {
  const integer = schema.type === "integer";
  const minimum = schema.minimum ?? schema.exclusiveMinimum;
  const maximum = schema.maximum ?? schema.exclusiveMaximum;
  const bounds = {
    integer,
    minimum: isNumber(minimum) ? minimum : Number.NEGATIVE_INFINITY,
    maximum: isNumber(maximum) ? maximum : Number.POSITIVE_INFINITY,
  };
  return { ...bounds, step: stepOf(schema, bounds) };
}

function stepOf(schema: JsonObject, { integer, minimum, maximum }: Omit<Bounds, "step">): number {
  if (typeof schema.multipleOf === "number") return schema.multipleOf;
  if (integer) return 1;
  const range = Number(maximum) - Number(minimum);
  return range <= 2 ? 0.01 : 0.1;
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

export function clamp(value: number | bigint, { minimum, maximum }: Bounds): number | bigint {
  if (value < minimum) return minimum;
  return value > maximum ? maximum : value;
}

/** What was typed, as a number; a whole one beyond 2^53 is a bigint. Null if it is none. */
export function parseNumber(text: string, integer: boolean): number | bigint | null {
  const typed = text.trim().replace(",", ".");
  if (/^[+-]?\d+$/.test(typed)) {
    const value = Number(typed);
    return Number.isSafeInteger(value) ? value : BigInt(typed);
  }
  const value = Number(typed);
  if (typed === "" || !Number.isFinite(value)) return null;
  return integer ? Math.round(value) : value;
}

export function showNumber(value: number | bigint): string {
  return typeof value === "bigint" ? value.toString() : String(value);
}
