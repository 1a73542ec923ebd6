/** What the server says of node types and port types. Nothing of it is known beforehand. */

import { SUBGRAPH_PREFIX } from "./document";
import type { Json, JsonObject } from "./json";
import type { Conversions, TypeExpr } from "./types";

export interface Problem {
  readonly code: string;
  readonly message: string;
  /** Id of the node, `outer/inner` inside a subgraph. */
  readonly node: string | null;
  readonly port: string | null;
  readonly hint: string | null;
}

export interface InputSpec {
  readonly type: TypeExpr;
  readonly required: boolean;
  readonly lazy: boolean;
  readonly description: string;
  /** JSON Schema of the literal, with `default` and, for files and models, `widget`. */
  readonly schema: JsonObject;
}

export interface OutputSpec {
  readonly type: TypeExpr;
  readonly description: string;
}

export interface NodeSpec {
  readonly id: string;
  readonly title: string;
  readonly version: number;
  readonly category: string;
  readonly description: string;
  readonly volatile: boolean;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly outputs: Readonly<Record<string, OutputSpec>>;
  readonly pack: string;
}

export interface PortType {
  readonly name: string;
  readonly colour: string;
  readonly description: string;
  readonly converts_to: readonly string[];
  readonly has_preview: boolean;
  readonly loads_from_file: boolean;
  /** Of the files that it is read from; any file if there are none. */
  readonly suffixes: readonly string[];
  /** Whether it is read from folders, too. */
  readonly folders: boolean;
}

export interface Pack {
  readonly name: string;
  readonly version: string;
  readonly source: string;
  readonly problem: Problem | null;
}

/** `GET /api/nodes`. */
export interface CatalogueAnswer {
  readonly nodes: readonly NodeSpec[];
  readonly types: readonly PortType[];
  readonly packs: readonly Pack[];
}

export interface Catalogue {
  readonly nodes: ReadonlyMap<string, NodeSpec>;
  readonly types: ReadonlyMap<string, PortType>;
  readonly packs: readonly Pack[];
  readonly converts: Conversions;
}

const NONE: readonly string[] = [];
const INT_TO: readonly string[] = ["float"];

export function makeCatalogue(answer: CatalogueAnswer): Catalogue {
  const types = new Map(answer.types.map((type) => [type.name, type]));
  return {
    nodes: new Map(answer.nodes.map((spec) => [spec.id, withFiles(spec, types)])),
    types,
    packs: answer.packs,
    converts: (name) => (name === "int" ? INT_TO : (types.get(name)?.converts_to ?? NONE)),
  };
}

/** A node type whose inputs of types that are read from files say so in their schema. */
function withFiles(spec: NodeSpec, types: ReadonlyMap<string, PortType>): NodeSpec {
  const entries = Object.entries(spec.inputs);
  const inputs = entries.map(([name, input]): [string, InputSpec] => {
    const read = input.type.names
      .map((type) => types.get(type))
      .filter((type) => type !== undefined)
      .filter((type) => type.loads_from_file);
    return read.length > 0 ? [name, withFile(input, read)] : [name, input];
  });
  const changed = inputs.some(([, input], at) => input !== entries[at]?.[1]);
  return changed ? { ...spec, inputs: Object.fromEntries(inputs) } : spec;
}

/** The same input with a schema as that of one that names a file. */
function withFile(input: InputSpec, read: readonly PortType[]): InputSpec {
  const any = read.some(({ suffixes }) => suffixes.length === 0);
  const suffixes = any ? [] : [...new Set(read.flatMap((type) => type.suffixes))];
  const schema = {
    ...input.schema,
    widget: "file",
    ...(suffixes.length > 0 && { suffixes }),
    ...(read.some(({ folders }) => folders) && { folders: true }),
  };
  return { ...input, schema };
}

/** Colours of the plain types; those of packs come with the catalogue. */
const PLAIN_COLOURS: Readonly<Record<string, string>> = {
  int: "#4db6ac",
  float: "#81c784",
  str: "#e0c068",
  bool: "#e57373",
  dict: "#a1887f",
};
const NEUTRAL = "#9aa0a6";

export function typeColour(catalogue: Catalogue, type: TypeExpr): string {
  const name = type.names[0] ?? "";
  return catalogue.types.get(name)?.colour ?? PLAIN_COLOURS[name] ?? NEUTRAL;
}

/** `upscale_model` to `Upscale model`. */
export function readable(name: string): string {
  const text = name.replaceAll("_", " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What people read on a node of a type that the catalogue may not have. */
export function fallbackTitle(type: string): string {
  const name = type.startsWith(SUBGRAPH_PREFIX) ? type.slice(SUBGRAPH_PREFIX.length) : type;
  return readable(name.split("/").at(-1) ?? name);
}

/** The value of an input that the document leaves open. */
export function defaultOf(input: InputSpec): Json | undefined {
  return input.schema.default;
}
