/** Port types and the one rule that decides every link; the same as `graphgen/types.py`. */

export interface TypeExpr {
  readonly names: readonly string[];
  /** List nesting: 1 for a list of images. */
  readonly depth: number;
  readonly optional: boolean;
}

/** How a value gets through a link. */
export type Fit = "direct" | "convert" | "map" | "collect";

/** Names of the types that a type can be turned into. */
export type Conversions = (name: string) => readonly string[];

export const ANY = "any";
const PLAIN: ReadonlySet<string> = new Set(["bool", "int", "float", "str", "dict"]);

export function isPlain(type: TypeExpr): boolean {
  return type.names.every((name) => PLAIN.has(name));
}

export function typeText(type: TypeExpr): string {
  let text = type.names.join(" | ");
  for (let level = 0; level < type.depth; level += 1) text = `list[${text}]`;
  return text;
}

/** How `source` may be linked to `target`, or null when it may not. */
export function compatible(source: TypeExpr, target: TypeExpr, converts: Conversions): Fit | null {
  if (target.names.includes(ANY)) {
    return source.depth >= target.depth || isOpaque(source) ? "direct" : "collect";
  }
  if (isOpaque(source)) return "direct";
  const step = elementFit(source, target, converts);
  if (step === null || source.depth === target.depth) return step;
  if (source.depth === target.depth + 1) return "map";
  if (source.depth === target.depth - 1) return "collect";
  return null;
}

/** What a list port is given when this is one of several links into it. */
export function gathered(type: TypeExpr): TypeExpr {
  return { ...type, depth: type.depth + 1 };
}

function isOpaque(type: TypeExpr): boolean {
  return type.names.includes(ANY) && type.depth === 0;
}

function elementFit(source: TypeExpr, target: TypeExpr, converts: Conversions): Fit | null {
  if (source.names.includes(ANY)) return "direct";
  if (source.names.some((name) => target.names.includes(name))) return "direct";
  const convertible = source.names.some((name) =>
    converts(name).some((other) => target.names.includes(other)),
  );
  return convertible ? "convert" : null;
}
