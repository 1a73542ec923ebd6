/** New nodes as the palette makes them. */

import type { InputSpec, NodeSpec } from "./catalogue";
import { freshId, type Graph, type NodeRecord, type Point } from "./document";
import { isObject, type Json } from "./json";
import { isPlain } from "./types";

/** A node of a type, with an id that the graph does not have; `taken` holds further ids. */
export function newNode(
  graph: Graph,
  spec: NodeSpec,
  position: Point,
  taken: ReadonlySet<string> = new Set(),
): NodeRecord {
  const inputs = Object.entries(spec.inputs).flatMap(([name, input]) => {
    const value = firstValue(input);
    return value === undefined ? [] : [[name, value]];
  });
  const wish = spec.id.split("/").at(-1) ?? spec.id;
  return {
    id: freshId(wish, (id) => id in graph.nodes || taken.has(id)),
    type: spec.id,
    ...(spec.version !== 1 && { version: spec.version }),
    inputs: Object.fromEntries(inputs),
    position,
  };
}

/** What a required input with a widget starts with, so that a new node is ready to run. */
function firstValue(input: InputSpec): Json | undefined {
  const { schema, type } = input;
  if (!input.required || type.depth > 0 || !isPlain(type) || schema.widget) return undefined;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  switch (schema.type) {
    case "string":
      return "";
    case "boolean":
      return false;
    case "integer":
    case "number":
      return typeof schema.minimum === "number" ? Math.max(schema.minimum, 0) : 0;
    case "object":
      return isObject(schema.default) ? schema.default : {};
    default:
      return undefined;
  }
}
