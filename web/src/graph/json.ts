/**
 * JSON as documents hold it. Numbers that JavaScript has no value for stay exact: integers
 * beyond 2^53 (seeds reach 2^63) as bigint, and `2.0`, which is not the integer 2, as `Real`.
 */

export type Json = null | boolean | number | bigint | Real | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

declare const REAL: unique symbol;
/** A whole number written as a real one: a boxed number, which IndexedDB can store. */
export interface Real {
  readonly [REAL]: true;
  valueOf(): number;
}

const MARK = "\u0000number:";
const LONG = /\d{16}/;
const LONG_OR_REAL = /\d{16}|\d\.0+(?!\d)|\d[eE]/;
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARKED = /"\\u0000number:(-?[\d.]+(?:e[+-]?\d+)?)"/g;

/** Parse JSON text; throws `SyntaxError` on what is no JSON. `reals` keeps `2.0` from being 2. */
export function parseJson(text: string, { reals = false } = {}): Json {
  if (!(reals ? LONG_OR_REAL : LONG).test(text)) return JSON.parse(text) as Json;
  let found = false;
  const marked = text.replace(STRING_OR_NUMBER, (token) => {
    if (token.startsWith('"') || !isSpecial(token, reals)) return token;
    found = true;
    return JSON.stringify(MARK + token);
  });
  return found ? unmarked(JSON.parse(marked) as Json) : (JSON.parse(text) as Json);
}

/** Puts numbers in the place of their marks; several times as fast as by `JSON.parse` itself. */
function unmarked(value: Json): Json {
  if (typeof value === "string") {
    return value.startsWith(MARK) ? special(value.slice(MARK.length)) : value;
  }
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      value[index] = unmarked(item);
    });
  } else if (value !== null && typeof value === "object") {
    const members = value as JsonObject;
    for (const key of Object.keys(members)) members[key] = unmarked(members[key] as Json);
  }
  return value;
}

const INTEGER = /^-?\d+$/;

function isSpecial(token: string, reals: boolean): boolean {
  const value = Number(token);
  return INTEGER.test(token) ? !Number.isSafeInteger(value) : reals && Number.isInteger(value);
}

function special(token: string): bigint | Real {
  return INTEGER.test(token) ? BigInt(token) : (Object(Number(token)) as Real);
}

export function isReal(value: unknown): value is Real {
  return value instanceof Number;
}

/** The value with whole real numbers as JavaScript has them; the same one if it has none. */
export function plainJson(value: Json): Json {
  if (isReal(value)) return value.valueOf();
  if (Array.isArray(value)) {
    const items = value.map(plainJson);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, plainJson(item)] as const);
  return entries.every(([key, item]) => item === value[key]) ? value : Object.fromEntries(entries);
}

/** JSON text of a value, with bigints as plain integers. */
export function formatJson(value: unknown, indent?: number): string {
  let found = false;
  const text = JSON.stringify(
    value,
    (_, item: unknown) => {
      if (typeof item !== "bigint" && !isReal(item)) return item;
      found = true;
      return MARK + (isReal(item) ? realText(item.valueOf()) : item.toString());
    },
    indent,
  );
  return found ? text.replace(MARKED, "$1") : text;
}

function realText(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isReal(value);
}

/** Deep equality of plain data; the order of keys does not count. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isReal(a) || isReal(b)) return isReal(a) && isReal(b) && a.valueOf() === b.valueOf();
  if (Array.isArray(a)) {
    return (
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => sameJson(item, b[index]))
    );
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => key in b && sameJson(a[key], b[key]))
  );
}
