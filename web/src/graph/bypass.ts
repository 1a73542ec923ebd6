/** What a bypassed node passes on; the same rule as `graphgen/engine/bypass.py`. */

import type { NodeSpec } from "./catalogue";
import type { NodeRecord } from "./document";
import { linkOf } from "./links";
import { type Conversions, compatible } from "./types";

/**
 * The input that each output stands for, or null for an output that is skipped: the first
 * linked input of its own type that no other output has taken, else one of a fitting type.
 */
export function passedOn(
  node: NodeRecord,
  spec: NodeSpec,
  converts: Conversions,
): ReadonlyMap<string, string | null> {
  const free = Object.entries(node.inputs).flatMap(([name, value]) => {
    const type = spec.inputs[name]?.type;
    return linkOf(value) !== undefined && type ? [{ name, type }] : [];
  });
  const passed = new Map<string, string | null>();
  for (const [output, { type }] of Object.entries(spec.outputs)) {
    const fitting = free.filter((input) => compatible(input.type, type, converts) === "direct");
    const same = fitting.find((input) => sameNames(input.type.names, type.names));
    const chosen = same ?? fitting[0];
    passed.set(output, chosen?.name ?? null);
    if (chosen && free.length > 1) free.splice(free.indexOf(chosen), 1);
  }
  return passed;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
