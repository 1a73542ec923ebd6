/** From the JSON of `graphgen/1` to records. */

import type { Graph, GroupRecord, NodeRecord, NoteRecord, Point, Rect, Size } from "./document";
import { EMPTY_GRAPH } from "./document";
import { isObject, type Json, type JsonObject, parseJson, plainJson } from "./json";
import { place } from "./layout";

export const FORMAT = "graphgen/1";

/** A file that is no workflow; the message is for people. */
export class NotAWorkflow extends Error {}

export function readText(text: string): Graph {
  try {
    return readDocument(parseJson(text, { reals: true }));
  } catch (error) {
    if (error instanceof SyntaxError) throw new NotAWorkflow(`not JSON: ${error.message}`);
    throw error;
  }
}

export function readDocument(document: unknown): Graph {
  if (!isObject(document) || !isObject(document.nodes)) {
    throw new NotAWorkflow("a workflow is an object with nodes");
  }
  if (document.format !== undefined && document.format !== FORMAT) {
    throw new NotAWorkflow(`its format is ${String(document.format)}, not ${FORMAT}`);
  }
  return readGraph(document);
}

/** One level, without a check of `format`; nodes that have no position yet are placed. */
export function readGraph(document: JsonObject): Graph {
  const { positions, sizes, titles, collapsed, colours, ports, ...others } = object(
    plainJson(document.editor ?? null),
  );
  const { groups, notes, reroutes, locked_seeds, viewport, ...rest } = others;
  const drawn = {
    positions: object(positions),
    sizes: object(sizes),
    titles: object(titles),
    collapsed: new Set(strings(collapsed)),
    colours: object(colours),
    ports: object(ports),
  };
  const unplaced: string[] = [];
  const nodes = mapObject(object(document.nodes), (id, value): NodeRecord => {
    const node = object(value);
    const position = numbers(drawn.positions[id], 2) as Point | undefined;
    if (!position) unplaced.push(id);
    const size = numbers(drawn.sizes[id], 2) as Size | undefined;
    const title = drawn.titles[id];
    const colour = drawn.colours[id];
    const shown = strings(drawn.ports[id]);
    return {
      id,
      type: text(node.type),
      ...(typeof node.version === "number" && { version: node.version }),
      inputs: object(node.inputs),
      ...((node.mode === "muted" || node.mode === "bypassed") && { mode: node.mode }),
      position: position ?? [0, 0],
      ...(size && { size }),
      ...(typeof title === "string" && { title }),
      ...(drawn.collapsed.has(id) && { collapsed: true as const }),
      ...(typeof colour === "string" && { colour }),
      ...(shown.length > 0 && { ports: shown }),
    };
  });
  const view = numbers(viewport, 3) as [number, number, number] | undefined;
  const graph: Graph = {
    ...EMPTY_GRAPH,
    name: text(document.name),
    description: text(document.description),
    inputs: object(document.inputs) as Record<string, string | string[]>,
    outputs: object(document.outputs) as Record<string, string>,
    nodes,
    groups: mapObject(object(groups), (id, value): GroupRecord => {
      const group = object(value);
      return { id, title: text(group.title), ...framed(group) };
    }),
    notes: mapObject(object(notes), (id, value): NoteRecord => {
      const note = object(value);
      return { id, text: text(note.text), ...framed(note) };
    }),
    reroutes: mapObject(object(reroutes), (_, value) =>
      (Array.isArray(value) ? value : []).flatMap((point) => {
        const found = numbers(point, 2) as Point | undefined;
        return found ? [found] : [];
      }),
    ),
    lockedSeeds: strings(locked_seeds),
    workflows: mapObject(object(document.workflows), (_, inner) => readGraph(object(inner))),
    ...(view && { viewport: view }),
    ...(isObject(document.packs) && { packs: document.packs as Record<string, string> }),
    rest,
  };
  return unplaced.length > 0 ? place(graph, unplaced) : graph;
}

function framed(value: JsonObject): { rect: Rect; colour?: string } {
  const rect = (numbers(value.rect, 4) as Rect | undefined) ?? ([0, 0, 240, 120] as const);
  return { rect, ...(typeof value.colour === "string" && { colour: value.colour }) };
}

function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function strings(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function numbers(value: Json | undefined, count: number): readonly number[] | undefined {
  if (!Array.isArray(value) || value.length < count) return undefined;
  const found = value.slice(0, count);
  return found.every((item) => typeof item === "number") ? (found as number[]) : undefined;
}

function mapObject<T>(value: JsonObject, change: (key: string, item: Json) => T) {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(key, item)]));
}
