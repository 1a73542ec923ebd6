/**
 * Parts of graphs that are copied and put in elsewhere. A part is a graph itself, so what is
 * on the clipboard is a document that other windows, and people, can read.
 */

import {
  changed,
  EMPTY_GRAPH,
  freshId,
  type Graph,
  joinPort,
  type NodeRecord,
  type Point,
  type Rect,
  SUBGRAPH_PREFIX,
  splitPort,
} from "./document";
import { type Json, sameJson } from "./json";
import { fromSlots, linksIn } from "./links";
import { findSubgraph, type Level, subgraphName } from "./subgraphs";
import { writeGraph } from "./write";

/** The chosen nodes, groups and notes with what belongs to them, or null if there are none. */
export function copyOf(level: Level, selection: ReadonlySet<string>): Graph | null {
  const { graph } = level;
  const nodes = pick(graph.nodes, (id) => selection.has(id));
  const groups = pick(graph.groups, (id) => selection.has(`group/${id}`));
  const notes = pick(graph.notes, (id) => selection.has(`note/${id}`));
  if ([nodes, groups, notes].every((records) => Object.keys(records).length === 0)) return null;
  const stays = (reference: string) => splitPort(reference)[0] in nodes;
  const inputs = Object.entries(graph.inputs).flatMap(([name, targets]) => {
    const left = [targets].flat().filter(stays);
    return left.length > 0 ? [[name, left.length > 1 ? left : (left[0] ?? "")] as const] : [];
  });
  return {
    ...EMPTY_GRAPH,
    inputs: Object.fromEntries(inputs),
    outputs: Object.fromEntries(Object.entries(graph.outputs).filter(([, from]) => stays(from))),
    nodes,
    groups,
    notes,
    reroutes: pick(graph.reroutes, stays),
    lockedSeeds: graph.lockedSeeds.filter(stays),
    workflows: subgraphsFor(level, Object.values(nodes)),
  };
}

function pick<T>(records: Readonly<Record<string, T>>, wanted: (id: string) => boolean) {
  return Object.fromEntries(Object.entries(records).filter(([id]) => wanted(id)));
}

/** The subgraphs that nodes use, and what these need of the levels around them. */
export function subgraphsFor(level: Level, nodes: readonly NodeRecord[]): Record<string, Graph> {
  const found: Record<string, Graph> = {};
  const seen = new Set<Graph>();
  const look = (at: Level, within: readonly NodeRecord[], carried: string | null) => {
    for (const node of within) {
      const name = subgraphName(node);
      const inner = name === null ? null : findSubgraph(at, name);
      if (name === null || !inner || seen.has(inner.graph)) continue;
      seen.add(inner.graph);
      const path = inner.path.join("/");
      // What is defined inside of something that goes along goes with it.
      const inside = carried !== null && path.startsWith(`${carried}/`);
      if (!inside) found[name] = inner.graph;
      look(inner, Object.values(inner.graph.nodes), inside ? carried : path);
    }
  };
  look(level, nodes, null);
  return found;
}

/** What a part becomes where it is put in: with ids that are free there. */
export interface Pasted {
  readonly part: Graph;
  /** What is to be selected, as ids of the canvas. */
  readonly selection: readonly string[];
  /** New ids of its nodes. */
  readonly ids: ReadonlyMap<string, string>;
}

/**
 * A copied part as it fits into a level.
 *
 * @param by how far it moves
 * @param outside keeps links from nodes that are not part of it, where those are
 */
export function pasted(level: Level, part: Graph, by: Point, outside: boolean): Pasted {
  const { graph } = level;
  const ids = freshIds(Object.keys(part.nodes), graph.nodes);
  const names = subgraphNames(level, part);
  const source = (id: string) => ids.get(id) ?? (outside && id in graph.nodes ? id : undefined);
  const nodes = Object.values(part.nodes).map((node): NodeRecord => {
    const [x, y] = node.position;
    const inputs = relinked(node.inputs, source);
    const copied = { ...node, id: ids.get(node.id) ?? node.id, inputs };
    return renamedUse({ ...copied, position: [x + by[0], y + by[1]] }, names);
  });
  const moved = (rect: Rect): Rect => [rect[0] + by[0], rect[1] + by[1], rect[2], rect[3]];
  const groupIds = freshIds(Object.keys(part.groups), graph.groups);
  const noteIds = freshIds(Object.keys(part.notes), graph.notes);
  const renamed = (reference: string) => {
    const [id, port] = splitPort(reference);
    return joinPort(ids.get(id) ?? id, port);
  };
  // Into an empty level the whole workflow comes, with what it is called by.
  const whole = Object.keys(graph.nodes).length === 0;
  const workflows = Object.entries(part.workflows).flatMap(([name, inner]) => {
    const as = names.get(name);
    return as !== undefined && !isThere(level, as, inner) ? [[as, renamedUses(inner, names)]] : [];
  });
  const copy: Graph = {
    ...EMPTY_GRAPH,
    ...(whole && {
      inputs: mapValues(part.inputs, (targets) =>
        typeof targets === "string" ? renamed(targets) : targets.map(renamed),
      ),
      outputs: mapValues(part.outputs, renamed),
    }),
    nodes: byId(nodes),
    groups: byId(
      Object.values(part.groups).map((group) => {
        return { ...group, id: groupIds.get(group.id) ?? group.id, rect: moved(group.rect) };
      }),
    ),
    notes: byId(
      Object.values(part.notes).map((note) => {
        return { ...note, id: noteIds.get(note.id) ?? note.id, rect: moved(note.rect) };
      }),
    ),
    reroutes: Object.fromEntries(
      Object.entries(part.reroutes).map(([end, bends]) => [
        renamed(end),
        bends.map(([x, y]): Point => [x + by[0], y + by[1]]),
      ]),
    ),
    lockedSeeds: part.lockedSeeds.map(renamed),
    workflows: Object.fromEntries(workflows),
  };
  const selection = [
    ...nodes.map((node) => node.id),
    ...[...groupIds.values()].map((id) => `group/${id}`),
    ...[...noteIds.values()].map((id) => `note/${id}`),
  ];
  return { part: copy, selection, ids };
}

/** The ids that records get among others, in their order. */
export function freshIds(ids: readonly string[], taken: object): Map<string, string> {
  const fresh = new Map<string, string>();
  const used = new Set<string>();
  for (const id of ids) {
    const own = id in taken || used.has(id);
    const free = own ? freshId(id, (wish) => wish in taken || used.has(wish)) : id;
    used.add(free);
    fresh.set(id, free);
  }
  return fresh;
}

/** Inputs with the sources of their links renamed; links from nowhere are taken out. */
export function relinked(
  inputs: NodeRecord["inputs"],
  source: (id: string) => string | undefined,
): Record<string, Json> {
  const entries = Object.entries(inputs).flatMap(([name, value]): [string, Json][] => {
    const links = linksIn(value);
    if (links.length === 0) return [[name, value]];
    const left = links.flatMap(([slot, reference]): typeof links => {
      const [id, output] = splitPort(reference);
      const to = source(id);
      return to === undefined ? [] : [[slot, joinPort(to, output)]];
    });
    const next = fromSlots(left);
    return next === undefined ? [] : [[name, next]];
  });
  return Object.fromEntries(entries);
}

/** Under which name each subgraph of a part is known at a level. */
function subgraphNames(level: Level, part: Graph): Map<string, string> {
  const names = new Map<string, string>();
  const used = new Set<string>();
  for (const [name, inner] of Object.entries(part.workflows)) {
    const free = (wish: string) => !used.has(wish) && !findSubgraph(level, wish);
    const known = free(name) || isThere(level, name, inner);
    const as = known ? name : freshId(name, (wish) => !free(wish));
    used.add(as);
    names.set(name, as);
  }
  return names;
}

function isThere(level: Level, name: string, inner: Graph): boolean {
  const present = findSubgraph(level, name)?.graph;
  return (
    present === inner || (present !== undefined && sameJson(writeGraph(present), writeGraph(inner)))
  );
}

/** A node that uses subgraphs under other names, as its type or as the body of a loop. */
export function renamedUse(node: NodeRecord, names: ReadonlyMap<string, string>): NodeRecord {
  const name = subgraphName(node);
  const as = name === null ? undefined : names.get(name);
  if (as === undefined || as === name) return node;
  return node.type.startsWith(SUBGRAPH_PREFIX)
    ? changed(node, { type: SUBGRAPH_PREFIX + as })
    : { ...node, inputs: { ...node.inputs, body: as } };
}

/** The same in a whole graph and the subgraphs in it, but for names that it defines itself. */
export function renamedUses(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  const seen = new Map(
    [...names].filter(([name, as]) => name !== as && !(name in graph.workflows)),
  );
  if (seen.size === 0) return graph;
  return {
    ...graph,
    nodes: mapValues(graph.nodes, (node) => renamedUse(node, seen)),
    workflows: mapValues(graph.workflows, (inner) => renamedUses(inner, seen)),
  };
}

function byId<T extends { readonly id: string }>(records: readonly T[]): Record<string, T> {
  return Object.fromEntries(records.map((record) => [record.id, record]));
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, change: (value: T) => R) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
