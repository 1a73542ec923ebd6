/** Whether an output may be linked to an input, how, and if not, why. */

import type { InputSpec, OutputSpec } from "./catalogue";
import { linksIn, reaches } from "./links";
import { type Level, specOf } from "./subgraphs";
import { compatible, type Fit, gathered, type TypeExpr, typeText } from "./types";

export interface Output {
  readonly node: string;
  readonly output: string;
}

export interface Input {
  readonly node: string;
  readonly input: string;
}

/** How a new link joins those that end at the input already. */
export type Joining = "replace" | "append" | { readonly key: string };

export type Verdict =
  | { readonly ok: true; readonly fit: Fit; readonly joining: Joining }
  | { readonly ok: false; readonly reason: Refusal };

export type Refusal =
  | { readonly code: "unknown" | "self" | "cycle" | "lazy_list" }
  | { readonly code: "type"; readonly given: string; readonly wanted: string };

const DICT: TypeExpr = { names: ["dict"], depth: 0, optional: false };

export function canLink(level: Level, from: Output, to: Input): Verdict {
  const source = level.graph.nodes[from.node];
  const target = level.graph.nodes[to.node];
  const output = source && specOf(level, source)?.outputs[from.output];
  const input = target && specOf(level, target)?.inputs[to.input];
  if (!output || !input) return refuse({ code: "unknown" });
  if (from.node === to.node) return refuse({ code: "self" });
  const verdict = fitPorts(level, output, input, target.inputs[to.input], from);
  if (verdict.ok && reaches(level.graph, to.node, from.node)) return refuse({ code: "cycle" });
  return verdict;
}

/** The types alone, for a node that may not be in the graph yet. */
export function fitPorts(
  level: Level,
  output: OutputSpec,
  input: InputSpec,
  present?: Parameters<typeof linksIn>[0],
  from?: Output,
): Verdict {
  const { converts } = level.catalogue;
  const fit = compatible(output.type, input.type, converts);
  const links = linksIn(present);
  const named = links.some(([slot]) => typeof slot === "string");
  if (takesDict(input) && (fit === null || named)) {
    const taken = new Set(links.map(([slot]) => String(slot)));
    return { ok: true, fit: "collect", joining: { key: freshKey(from?.node ?? "value", taken) } };
  }
  if (fit === null) {
    const given = typeText(output.type);
    return refuse({ code: "type", given, wanted: typeText(input.type) });
  }
  if (input.lazy && fit === "map") return refuse({ code: "lazy_list" });
  const together = compatible(gathered(output.type), input.type, converts);
  const appends =
    links.length > 0 && input.type.depth > 0 && (together === "direct" || together === "convert");
  return { ok: true, fit, joining: appends ? "append" : "replace" };
}

function takesDict(input: InputSpec): boolean {
  return input.type.depth === DICT.depth && input.type.names.includes("dict");
}

function freshKey(wish: string, taken: ReadonlySet<string>): string {
  let key = wish;
  for (let number = 2; taken.has(key); number += 1) key = `${wish}_${number}`;
  return key;
}

function refuse(reason: Refusal): Verdict {
  return { ok: false, reason };
}
