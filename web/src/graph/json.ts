/** JSON as documents hold it. Integers beyond 2^53 (seeds reach 2^63) stay exact, as bigint. */

export type Json = null | boolean | number | bigint | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

const MARK = "\u0000integer:";
const STRING_OR_LONG_INTEGER = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;
const MARKED = /"\\u0000integer:(-?\d+)"/g;

/** Parse JSON text; throws `SyntaxError` on what is no JSON. */
export function parseJson(text: string): Json {
  if (!/\d{16}/.test(text)) return JSON.parse(text) as Json;
  let found = false;
  const marked = text.replace(STRING_OR_LONG_INTEGER, (token, at: number) => {
    if (token.startsWith('"') || /[\d.eE+]/.test(text[at - 1] ?? "")) return token;
    if (Number.isSafeInteger(Number(token))) return token;
    found = true;
    return JSON.stringify(MARK + token);
  });
  if (!found) return JSON.parse(text) as Json;
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === "string" && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  ) as Json;
}

/** JSON text of a value, with bigints as plain integers. */
export function formatJson(value: unknown, indent?: number): string {
  let found = false;
  const text = JSON.stringify(
    value,
    (_, item: unknown) => {
      if (typeof item !== "bigint") return item;
      found = true;
      return MARK + item.toString();
    },
    indent,
  );
  return found ? text.replace(MARKED, "$1") : text;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Deep equality of plain data; the order of keys does not count. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
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
