/**
 * The records of a document. They are never changed in place: a command makes new ones and
 * shares all that it leaves alone, so that identity says what changed.
 *
 * A link has no record of its own. It is the value of an input, as in the file, so there is
 * nothing that could disagree with it; `links.ts` reads links out of the nodes.
 */

import type { Json } from "./json";

export type Point = readonly [x: number, y: number];
export type Size = readonly [width: number, height: number];
export type Rect = readonly [x: number, y: number, width: number, height: number];
export type Mode = "muted" | "bypassed";

export interface NodeRecord {
  readonly id: string;
  /** Such as `image/resize`, or `workflow/NAME` for a subgraph. */
  readonly type: string;
  readonly version?: number;
  /** Literals and links, as in the file; see `links.ts`. */
  readonly inputs: Readonly<Record<string, Json>>;
  readonly mode?: Mode;
  readonly position: Point;
  readonly size?: Size;
  readonly title?: string;
  readonly collapsed?: true;
  readonly colour?: string;
  /** Inputs that are shown as ports although they have a widget. */
  readonly ports?: readonly string[];
}

export interface GroupRecord {
  readonly id: string;
  readonly title: string;
  readonly colour?: string;
  readonly rect: Rect;
}

export interface NoteRecord {
  readonly id: string;
  readonly text: string;
  readonly colour?: string;
  readonly rect: Rect;
}

/** One level of a document: the workflow itself, or a subgraph in it. */
export interface Graph {
  readonly name: string;
  readonly description: string;
  /** Named inputs, each the `node.port` or the several that it feeds. */
  readonly inputs: Readonly<Record<string, string | readonly string[]>>;
  /** Named outputs, each a `node.output`. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly nodes: Readonly<Record<string, NodeRecord>>;
  readonly groups: Readonly<Record<string, GroupRecord>>;
  readonly notes: Readonly<Record<string, NoteRecord>>;
  /** Bends of links, by the `node.port` that a link ends at. */
  readonly reroutes: Readonly<Record<string, readonly Point[]>>;
  /** `node.port` of the seeds that a batch of runs leaves as they are. */
  readonly lockedSeeds: readonly string[];
  readonly workflows: Readonly<Record<string, Graph>>;
  readonly viewport?: readonly [x: number, y: number, zoom: number];
  /** Versions of the packs that its nodes came from when it was saved, by name. */
  readonly packs?: Readonly<Record<string, string>>;
  /** What else the file has under `editor`; kept as it is. */
  readonly rest: Readonly<Record<string, Json>>;
}

/** Names of the subgraphs from the document inwards; empty for the document itself. */
export type Path = readonly string[];

export const EMPTY_GRAPH: Graph = {
  name: "",
  description: "",
  inputs: {},
  outputs: {},
  nodes: {},
  groups: {},
  notes: {},
  reroutes: {},
  lockedSeeds: [],
  workflows: {},
  rest: {},
};

export const SUBGRAPH_PREFIX = "workflow/";

/** `decode.image` to node and port. */
export function splitPort(reference: string): [node: string, port: string] {
  const dot = reference.lastIndexOf(".");
  return dot < 0 ? [reference, ""] : [reference.slice(0, dot), reference.slice(dot + 1)];
}

export function joinPort(node: string, port: string): string {
  return `${node}.${port}`;
}

/** The level at a path, or undefined when a name on the way is gone. */
export function graphAt(document: Graph, path: Path): Graph | undefined {
  let graph: Graph | undefined = document;
  for (const name of path) graph = graph?.workflows[name];
  return graph;
}

/** The document with one level changed; the same document if `change` returned the same level. */
export function updateAt(document: Graph, path: Path, change: (graph: Graph) => Graph): Graph {
  const [name, ...inner] = path;
  if (name === undefined) return change(document);
  const before = document.workflows[name];
  if (!before) return document;
  const after = updateAt(before, inner, change);
  if (after === before) return document;
  return { ...document, workflows: { ...document.workflows, [name]: after } };
}

/** A node with some fields changed; fields set to undefined are taken out. */
export function changed<T extends object>(record: T, fields: Partial<T>): T {
  const next = { ...record, ...fields };
  for (const key of Object.keys(fields) as (keyof T)[]) {
    if (fields[key] === undefined) delete next[key];
  }
  return next;
}

/** A record without some keys; the same record if it has none of them. */
export function without<T>(record: Readonly<Record<string, T>>, keys: Iterable<string>) {
  const gone = [...keys].filter((key) => key in record);
  if (gone.length === 0) return record;
  const next = { ...record };
  for (const key of gone) delete next[key];
  return next;
}

/** An id like `sample`, `sample_2`, that `taken` does not have. */
export function freshId(wish: string, taken: (id: string) => boolean): string {
  const base = wish.replace(/[./\0]/g, "_").replace(/_\d+$/, "") || "node";
  if (!taken(base)) return base;
  let number = 2;
  while (taken(`${base}_${number}`)) number += 1;
  return `${base}_${number}`;
}
