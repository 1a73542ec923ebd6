/** What a widget is, and which one an input gets. */

import type { ComponentType } from "react";
import type { InputSpec } from "../graph/catalogue";
import { isObject, type Json, type JsonObject, plainJson } from "../graph/json";
import { isPlain } from "../graph/types";

export interface WidgetProps {
  /** Ids and names for labels and for tests: `node.input`. */
  readonly id: string;
  readonly label: string;
  /** What the document sets; undefined when it leaves the input open. */
  readonly value: Json | undefined;
  /** The schema without the alternative `null`; `default` is what an open input means. */
  readonly schema: JsonObject;
  /** Whether the input may be null: emptied, it is. */
  readonly nullable: boolean;
  /** Sets the value, or leaves the input open with undefined. Quick changes become one step. */
  readonly onChange: (value: Json | undefined) => void;
}

export interface Widget {
  readonly name: string;
  /** Whether it suits an input; the first of the registry that does is taken. */
  readonly suits: (input: InputSpec, schema: JsonObject) => boolean;
  /** Height of its row in pixels, which must depend on nothing but the value. */
  readonly height: number | ((value: Json | undefined) => number);
  /** Knows `2.0`, a `Real`, from 2; others are given plain numbers. */
  readonly exact?: true;
  /** Takes what height a node has to spare. */
  readonly grows?: boolean;
  readonly Component: ComponentType<WidgetProps>;
}

/** The value of an input as its widget takes it. */
export function valueFor(widget: Widget, value: Json | undefined): Json | undefined {
  return widget.exact || value === undefined ? value : plainJson(value);
}

/** The schema of a value that is there, and whether it may be missing. */
export function unwrapSchema(schema: JsonObject): { schema: JsonObject; nullable: boolean } {
  const { anyOf, ...others } = schema;
  if (!Array.isArray(anyOf)) return { schema, nullable: false };
  const members = anyOf.filter(isObject);
  const present = members.filter((member) => member.type !== "null");
  const [only] = present;
  const nullable = present.length < members.length;
  return { schema: present.length === 1 ? { ...only, ...others } : others, nullable };
}

/** Whether the value of an input can be written at all, so that it has a widget. */
export function isWritable({ type, schema }: InputSpec): boolean {
  if (type.names.includes("workflow")) return true; // by the name of a subgraph
  if (typeof schema.widget === "string" && type.depth === 0) return true;
  // One of any type that may be missing is there to be linked, as the branches of a switch.
  return isPlain(type) || (type.names.includes("any") && schema.default !== null);
}
