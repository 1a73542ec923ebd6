/** A subgraph out of chosen nodes, with named inputs and outputs where links cross its border. */

import {
  EMPTY_GRAPH,
  freshId,
  type Graph,
  joinPort,
  type NodeRecord,
  type Point,
  SUBGRAPH_PREFIX,
  splitPort,
} from "./document";
import { type Json, sameJson } from "./json";
import { fromSlots, linksFrom, linksIn, linksOf } from "./links";

export interface Extraction {
  readonly ids: readonly string[];
  readonly groups?: readonly string[];
  readonly notes?: readonly string[];
  /** Under which the subgraph is kept, and what people read. */
  readonly name: string;
  readonly title: string;
  /** The node that takes the place of the chosen ones. */
  readonly id: string;
  readonly position: Point;
  /** Outputs (`node.output`) to name when no link leaves the chosen nodes. */
  readonly open?: readonly string[];
}

/** Why nodes can't become a subgraph, or null if they can. */
export function extractionProblem(
  graph: Graph,
  ids: readonly string[],
): "empty" | "cycle" | "mixed" | null {
  const chosen = new Set(ids.filter((id) => id in graph.nodes));
  if (chosen.size === 0) return "empty";
  for (const node of chosen) {
    for (const value of Object.values(graph.nodes[node]?.inputs ?? {})) {
      const links = linksIn(value);
      const within = links.filter(([, link]) => chosen.has(splitPort(link)[0]));
      if (within.length > 0 && within.length < links.length) return "mixed";
    }
  }
  return comesBack(graph, chosen) ? "cycle" : null;
}

/** Whether a way leads out of the chosen nodes and into them again. */
function comesBack(graph: Graph, chosen: ReadonlySet<string>): boolean {
  const from = linksFrom(graph);
  const after = (id: string) => (from.get(id) ?? []).map((link) => link.target);
  const pending = [...chosen].flatMap(after).filter((id) => !chosen.has(id));
  const seen = new Set(pending);
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const id of after(at)) {
      if (chosen.has(id)) return true;
      if (!seen.has(id)) pending.push(id);
      seen.add(id);
    }
  }
  return false;
}

/** The level with the chosen nodes in a subgraph of their own. */
export function extract(graph: Graph, wish: Extraction): Graph {
  const chosen = new Set(wish.ids.filter((id) => id in graph.nodes));
  const stays = (reference: string) => !chosen.has(splitPort(reference)[0]);
  const inner = Object.values(graph.nodes).filter((node) => chosen.has(node.id));
  const entries = entriesOf(graph, inner, chosen);
  const exits = exitsOf(graph, chosen, wish.open ?? []);
  const outside = (reference: string) => {
    const exit = exits.get(reference);
    return exit === undefined ? reference : joinPort(wish.id, exit);
  };

  const node: NodeRecord = {
    id: wish.id,
    type: SUBGRAPH_PREFIX + wish.name,
    inputs: Object.fromEntries(
      entries.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
    ),
    position: wish.position,
  };
  const left = Object.values(graph.nodes).flatMap((record): [string, NodeRecord][] => {
    if (chosen.has(record.id)) return record.id === inner[0]?.id ? [[node.id, node]] : [];
    return [[record.id, { ...record, inputs: redirected(record.inputs, outside) }]];
  });
  const [groups, innerGroups] = parted(graph.groups, wish.groups ?? []);
  const [notes, innerNotes] = parted(graph.notes, wish.notes ?? []);
  const bends = Object.entries(graph.reroutes);
  const subgraph: Graph = {
    ...EMPTY_GRAPH,
    name: wish.title,
    inputs: Object.fromEntries(entries.map(({ name, targets }) => [name, oneOrMore(targets)])),
    outputs: Object.fromEntries([...exits].map(([reference, name]) => [name, reference])),
    nodes: Object.fromEntries(inner.map((record) => [record.id, opened(record, entries)])),
    groups: innerGroups,
    notes: innerNotes,
    reroutes: Object.fromEntries(bends.filter(([end]) => !stays(end))),
    lockedSeeds: graph.lockedSeeds.filter((seed) => !stays(seed)),
  };
  const named = Object.entries(graph.inputs).map(([name, targets]) => {
    const list = [targets].flat();
    const entry = entries.find((other) => other.named === name);
    const kept = list.filter(stays);
    return [name, oneOrMore(entry ? [...kept, joinPort(node.id, entry.name)] : kept)] as const;
  });
  return {
    ...graph,
    inputs: Object.fromEntries(named),
    outputs: Object.fromEntries(
      Object.entries(graph.outputs).map(([name, reference]) => [name, outside(reference)]),
    ),
    nodes: Object.fromEntries(left),
    groups,
    notes,
    reroutes: Object.fromEntries(bends.filter(([end]) => stays(end))),
    lockedSeeds: graph.lockedSeeds.filter(stays),
    workflows: { ...graph.workflows, [wish.name]: subgraph },
  };
}

interface Entry {
  readonly name: string;
  readonly targets: string[];
  /** What was linked there; undefined for an input that only the level around names. */
  readonly value?: Json;
  /** Its name in the level around. */
  readonly named?: string;
}

/** What comes in: one entry for each source, and for each name of the level around. */
function entriesOf(graph: Graph, inner: readonly NodeRecord[], chosen: ReadonlySet<string>) {
  const entries: Entry[] = [];
  const fresh = (wish: string) => freshId(wish, (name) => entries.some((e) => e.name === name));
  for (const [named, targets] of Object.entries(graph.inputs)) {
    const within = [targets].flat().filter((target) => chosen.has(splitPort(target)[0]));
    if (within.length > 0) entries.push({ name: fresh(named), targets: within, named });
  }
  for (const node of inner) {
    for (const [input, value] of Object.entries(node.inputs)) {
      const links = linksIn(value);
      if (links.length === 0 || links.some(([, link]) => chosen.has(splitPort(link)[0]))) continue;
      const target = joinPort(node.id, input);
      const present = entries.find((e) => e.targets.includes(target) || sameJson(e.value, value));
      if (!present) entries.push({ name: fresh(input), targets: [target], value });
      else if (!present.targets.includes(target)) present.targets.push(target);
    }
  }
  return entries;
}

/** What goes out: the name of each output that is used outside, by `node.output`. */
function exitsOf(graph: Graph, chosen: ReadonlySet<string>, open: readonly string[]) {
  const exits = new Map<string, string>();
  const taken = () => new Set(exits.values());
  const add = (reference: string, wish: string) => {
    if (!exits.has(reference))
      exits.set(
        reference,
        freshId(wish, (name) => taken().has(name)),
      );
  };
  for (const [name, reference] of Object.entries(graph.outputs)) {
    if (chosen.has(splitPort(reference)[0])) add(reference, name);
  }
  for (const link of linksOf(graph)) {
    if (!chosen.has(link.source) || chosen.has(link.target)) continue;
    add(joinPort(link.source, link.output), link.output);
  }
  if (exits.size === 0) for (const reference of open) add(reference, splitPort(reference)[1]);
  return exits;
}

/** A node without the links that come in by the border now. */
function opened(node: NodeRecord, entries: readonly Entry[]): NodeRecord {
  const given = new Set(entries.flatMap((e) => (e.value === undefined ? [] : e.targets)));
  const inputs = Object.entries(node.inputs).filter(([input]) => {
    return !given.has(joinPort(node.id, input));
  });
  return { ...node, inputs: Object.fromEntries(inputs) };
}

/** Inputs with every link led to where its source is now. */
export function redirected(
  inputs: NodeRecord["inputs"],
  change: (reference: string) => string,
): NodeRecord["inputs"] {
  const entries = Object.entries(inputs).map(([name, value]): [string, Json] => {
    const links = linksIn(value);
    if (links.every(([, reference]) => change(reference) === reference)) return [name, value];
    const next = links.map(([slot, link]): (typeof links)[number] => [slot, change(link)]);
    return [name, fromSlots(next) ?? value];
  });
  return entries.every(([name, value]) => value === inputs[name])
    ? inputs
    : Object.fromEntries(entries);
}

function oneOrMore(targets: readonly string[]): string | readonly string[] {
  return targets.length === 1 ? (targets[0] ?? "") : targets;
}

function parted<T>(records: Readonly<Record<string, T>>, ids: readonly string[]) {
  const entries = Object.entries(records);
  return [
    Object.fromEntries(entries.filter(([id]) => !ids.includes(id))),
    Object.fromEntries(entries.filter(([id]) => ids.includes(id))),
  ] as const;
}
