/** Which files an input is for, as the ends of their names tell. */

import type { JsonObject } from "../graph/json";

/** As the input's schema has them, such as `.png` and `.nii.gz`; none if it takes any file. */
export function suffixesOf({ suffixes }: JsonObject): readonly string[] {
  return Array.isArray(suffixes) ? suffixes.filter((suffix) => typeof suffix === "string") : [];
}

/** Whether a file is one of those, whatever the case. */
export function hasSuffix(name: string, suffixes: readonly string[]): boolean {
  return suffixes.length === 0 || suffixLength(name, suffixes) > 0;
}

/** Characters of the longest of them that a name ends with; 0 if it is none. */
export function suffixLength(name: string, suffixes: readonly string[]): number {
  const whole = name.toLowerCase();
  const found = suffixes.filter((suffix) => whole.endsWith(suffix.toLowerCase()));
  return Math.max(0, ...found.map((suffix) => suffix.length));
}

/**
 * The `accept` of a file input. Not every system knows what `.nii.gz` means there, but all know
 * `.gz`.
 */
export function acceptOf(suffixes: readonly string[]): string | undefined {
  if (suffixes.length === 0) return undefined;
  const known = suffixes.flatMap((suffix) => [suffix, suffix.slice(suffix.lastIndexOf("."))]);
  return [...new Set(known)].join(",");
}
