/** Links, as the values of inputs hold them. */

import type { Graph, NodeRecord } from "./document";
import { joinPort, splitPort } from "./document";
import { isObject, type Json } from "./json";

/** The place of one link among several that end at the same input. */
export type Slot = number | string | null;

export interface Link {
  /** Stable while the link is: `node.port` of its end, and its slot if it has one. */
  readonly id: string;
  readonly source: string;
  readonly output: string;
  readonly target: string;
  readonly input: string;
  /** Index in a list of links, key in a dict of links, null for a single link. */
  readonly slot: Slot;
}

/** The `node.output` that a value links to, or undefined for anything else. */
export function linkOf(value: Json | undefined): string | undefined {
  if (!isObject(value)) return undefined;
  const link = value.link;
  return typeof link === "string" && Object.keys(value).length === 1 ? link : undefined;
}

function isWrapped(value: Json | undefined): boolean {
  return isObject(value) && "literal" in value && Object.keys(value).length === 1;
}

/** The links in an input value with their slots; empty for a literal. */
export function linksIn(value: Json | undefined): [Slot, string][] {
  if (typeof value !== "object" || value === null || isWrapped(value)) return [];
  const single = linkOf(value);
  if (single !== undefined) return [[null, single]];
  const entries: [Slot, Json][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : Object.entries(value);
  const found = entries.map(([slot, item]) => [slot, linkOf(item)] as const);
  return found.every((entry): entry is [Slot, string] => entry[1] !== undefined) ? [...found] : [];
}

export function isLinked(value: Json | undefined): boolean {
  return linksIn(value).length > 0;
}

/** The literal itself, out of `{"literal": ...}` if it was written so. */
export function literalOf(value: Json | undefined): Json | undefined {
  return isObject(value) && isWrapped(value) ? value.literal : value;
}

/** A literal as the file holds it: wrapped when it would read as a link. */
export function asLiteral(value: Json): Json {
  return isWrapped(value) || isLinked(value) ? { literal: value } : value;
}

/** The value of an input from its links: a single one, a list or a dict. */
export function fromSlots(links: readonly [Slot, string][]): Json | undefined {
  if (links.length === 0) return undefined;
  if (links.some(([slot]) => typeof slot === "string")) {
    return Object.fromEntries(links.map(([slot, link]) => [String(slot), { link }]));
  }
  const first = links[0];
  if (links.length === 1 && first?.[0] === null) return { link: first[1] };
  return links.map(([, link]) => ({ link }));
}

interface Read {
  id: string;
  links: readonly Link[];
}
const read = new WeakMap<object, Read>();
const NONE: readonly Link[] = [];

/** The links that end at a node. The same list comes back while its inputs are the same. */
export function linksInto(node: NodeRecord): readonly Link[] {
  const known = read.get(node.inputs);
  if (known?.id === node.id) return known.links;
  const found: Link[] = [];
  for (const [input, value] of Object.entries(node.inputs)) {
    if (typeof value !== "object" || value === null) continue;
    for (const [slot, reference] of linksIn(value)) {
      const [source, output] = splitPort(reference);
      const end = joinPort(node.id, input);
      const id = slot === null ? end : `${end}[${slot}]`;
      found.push({ id, source, output, target: node.id, input, slot });
    }
  }
  const links = found.length > 0 ? found : NONE;
  read.set(node.inputs, { id: node.id, links });
  return links;
}

const all = new WeakMap<object, readonly Link[]>();

/** Every link of a level. */
export function linksOf(graph: Graph): readonly Link[] {
  const known = all.get(graph.nodes);
  if (known) return known;
  const links = Object.values(graph.nodes).flatMap(linksInto);
  all.set(graph.nodes, links);
  return links;
}

const outgoing = new WeakMap<object, ReadonlyMap<string, readonly Link[]>>();

/** The links of a level by the node that they start at. */
export function linksFrom(graph: Graph): ReadonlyMap<string, readonly Link[]> {
  const known = outgoing.get(graph.nodes);
  if (known) return known;
  const map = new Map<string, Link[]>();
  for (const link of linksOf(graph)) {
    const list = map.get(link.source);
    if (list) list.push(link);
    else map.set(link.source, [link]);
  }
  outgoing.set(graph.nodes, map);
  return map;
}

/** Whether one can get from `start` along links to `end`. */
export function reaches(graph: Graph, start: string, end: string): boolean {
  const from = linksFrom(graph);
  const seen = new Set([start]);
  const pending = [start];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (at === end) return true;
    for (const link of from.get(at) ?? NONE) {
      if (seen.has(link.target)) continue;
      seen.add(link.target);
      pending.push(link.target);
    }
  }
  return false;
}
