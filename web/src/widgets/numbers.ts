/** Numbers of widgets: limits from a JSON Schema, steps, and how they are typed and shown. */

import type { JsonObject } from "../graph/json";

export interface Bounds {
  readonly integer: boolean;
  readonly minimum: number | bigint;
  readonly maximum: number | bigint;
  readonly step: number;
  /** What the value has to be a multiple of; 0 for anything. */
  readonly multiple: number;
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
  const multiple = typeof schema.multipleOf === "number" ? schema.multipleOf : 0;
  return { ...bounds, multiple, step: multiple || stepOf(bounds) };
}

/** Up to this range a number is a share of something, such as a strength from 0 to 1. */
const NARROW = 2;

function stepOf({ integer, minimum, maximum }: Omit<Bounds, "step" | "multiple">): number {
  if (integer) return 1;
  const range = Number(maximum) - Number(minimum);
  return range <= NARROW ? 0.01 : 0.1;
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** The nearest value that is allowed. */
export function clamp(
  value: number | bigint,
  { minimum, maximum, multiple }: Bounds,
): number | bigint {
  if (value < minimum) return minimum;
  if (value > maximum) return maximum;
  if (!multiple || typeof value === "bigint") return value;
  // Ten digits, so that a multiple of 0.1 is no 0.30000000000000004.
  return Number((Math.round(value / multiple) * multiple).toPrecision(10));
}

/** How far a value is between narrow limits, 0 to 1, or null where that tells nothing. */
export function shareOf(
  value: number | bigint | null,
  { integer, minimum, maximum }: Bounds,
): number | null {
  const range = Number(maximum) - Number(minimum);
  if (value === null || integer || !(range > 0 && range <= NARROW)) return null;
  return Math.max(0, Math.min(1, (Number(value) - Number(minimum)) / range));
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
