/** From records to the JSON of `graphgen/1`; what is empty is left out, as Python does. */

import type { Graph, NodeRecord } from "./document";
import { formatJson, type Json, type JsonObject } from "./json";
import { FORMAT } from "./read";

export function writeDocument(graph: Graph): JsonObject {
  return { format: FORMAT, ...writeGraph(graph) };
}

export function writeText(graph: Graph): string {
  return `${formatJson(writeDocument(graph), 2)}\n`;
}

/** Only what a run depends on: drawings are left out, so it is equal for equal results. */
export function writeForRun(graph: Graph): JsonObject {
  const { editor: _, ...document } = writeDocument(graph);
  return document;
}

export function writeGraph(graph: Graph): JsonObject {
  const nodes = Object.values(graph.nodes);
  return compact({
    name: graph.name,
    description: graph.description,
    inputs: graph.inputs as JsonObject,
    outputs: graph.outputs as JsonObject,
    nodes: Object.fromEntries(nodes.map((node) => [node.id, writeNode(node)])),
    workflows: mapValues(graph.workflows, writeGraph),
    ...(graph.packs && { packs: graph.packs as JsonObject }),
    editor: writeEditor(graph, nodes),
  });
}

export function writeNode(node: NodeRecord): JsonObject {
  const { type, version, inputs, mode } = node;
  return {
    type,
    ...(version !== undefined && { version }),
    ...(Object.keys(inputs).length > 0 && { inputs: inputs as JsonObject }),
    ...(mode && { mode }),
  };
}

function writeEditor(graph: Graph, nodes: NodeRecord[]): JsonObject {
  const pick = (field: "position" | "size" | "title" | "colour" | "ports") =>
    Object.fromEntries(
      nodes.flatMap((node) => (node[field] === undefined ? [] : [[node.id, node[field] as Json]])),
    );
  return compact({
    positions: pick("position"),
    sizes: pick("size"),
    titles: pick("title"),
    collapsed: nodes.filter((node) => node.collapsed).map((node) => node.id),
    colours: pick("colour"),
    groups: mapValues(graph.groups, ({ id: _, ...group }) => group as unknown as Json),
    notes: mapValues(graph.notes, ({ id: _, ...note }) => note as unknown as Json),
    reroutes: graph.reroutes as unknown as JsonObject,
    ports: pick("ports"),
    locked_seeds: graph.lockedSeeds as Json,
    ...(graph.viewport && { viewport: graph.viewport as unknown as Json }),
    ...graph.rest,
  });
}

function mapValues<T>(record: Readonly<Record<string, T>>, change: (value: T) => Json): JsonObject {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/** Without empty texts, lists and objects, but always with `nodes`. */
function compact(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).filter(([key, item]) => {
      if (key === "nodes" || item === null || typeof item !== "object") return item !== "";
      return Object.keys(item).length > 0;
    }),
  );
}
