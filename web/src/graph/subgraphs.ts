/** Subgraphs: which one a name means, and the node type that it makes. */

import type { Catalogue, InputSpec, NodeSpec, OutputSpec } from "./catalogue";
import { readable } from "./catalogue";
import {
  type Graph,
  graphAt,
  type NodeRecord,
  type Path,
  SUBGRAPH_PREFIX,
  splitPort,
} from "./document";
import { plainJson } from "./json";
import { isLinked, literalOf } from "./links";

/**
 * One level of a document as the rules see it: its records, the levels around it (innermost
 * first), and the catalogue.
 */
export interface Level {
  readonly graph: Graph;
  readonly path: Path;
  readonly outer: Level | null;
  readonly catalogue: Catalogue;
}

export function levelAt(document: Graph, path: Path, catalogue: Catalogue): Level | null {
  let level: Level = { graph: document, path: [], outer: null, catalogue };
  for (let depth = 1; depth <= path.length; depth += 1) {
    const inner = path.slice(0, depth);
    const graph = graphAt(document, inner);
    if (!graph) return null;
    level = { graph, path: inner, outer: level, catalogue };
  }
  return level;
}

/** The level of the subgraph that a name means here: the innermost definition wins. */
export function findSubgraph(level: Level, name: string): Level | null {
  for (let at: Level | null = level; at; at = at.outer) {
    const graph = at.graph.workflows[name];
    if (graph) return { graph, path: [...at.path, name], outer: at, catalogue: at.catalogue };
  }
  return null;
}

/** The type of a node, whether it comes from a pack or is a subgraph; undefined if unknown. */
export function specOf(level: Level, node: NodeRecord): NodeSpec | undefined {
  const known = level.catalogue.nodes.get(node.type);
  if (known || !node.type.startsWith(SUBGRAPH_PREFIX)) return known;
  const inner = findSubgraph(level, node.type.slice(SUBGRAPH_PREFIX.length));
  return inner ? subgraphSpec(inner) : undefined;
}

const made = new WeakMap<Graph, { catalogue: Catalogue; spec: NodeSpec }>();
const making = new Set<Graph>();

/** The node type of a subgraph: its named inputs and outputs with the types inside. */
export function subgraphSpec(inner: Level): NodeSpec {
  const { graph, catalogue } = inner;
  const known = made.get(graph);
  if (known?.catalogue === catalogue) return known.spec;
  const name = inner.path.at(-1) ?? "";
  const spec: NodeSpec = {
    id: SUBGRAPH_PREFIX + name,
    title: graph.name || readable(name),
    version: 1,
    category: "workflow",
    description: graph.description,
    volatile: false,
    inputs: {},
    outputs: {},
    pack: "",
  };
  if (making.has(graph)) return spec; // it uses itself, which planning reports
  making.add(graph);
  try {
    const whole = { ...spec, inputs: inputsOf(inner), outputs: outputsOf(inner) };
    made.set(graph, { catalogue, spec: whole });
    return whole;
  } finally {
    making.delete(graph);
  }
}

const UNKNOWN = { names: ["any"], depth: 0, optional: false } as const;

function inputsOf(level: Level): Record<string, InputSpec> {
  const entries = Object.entries(level.graph.inputs).map(([name, targets]) => {
    const [first] = typeof targets === "string" ? [targets] : targets;
    const [id, port] = splitPort(first ?? "");
    const node = level.graph.nodes[id];
    const spec = node && specOf(level, node)?.inputs[port];
    if (!spec) {
      const open: InputSpec = {
        type: UNKNOWN,
        required: false,
        lazy: false,
        description: "",
        schema: {},
      };
      return [name, open] as const;
    }
    const value = node.inputs[port];
    const given = isLinked(value) ? undefined : literalOf(value);
    const { default: own, ...schema } = spec.schema;
    const preset = given ?? own;
    return [
      name,
      {
        ...spec,
        required: spec.required && value === undefined,
        schema: preset === undefined ? schema : { ...schema, default: plainJson(preset) },
      },
    ] as const;
  });
  return Object.fromEntries(entries);
}

function outputsOf(level: Level): Record<string, OutputSpec> {
  const entries = Object.entries(level.graph.outputs).map(([name, reference]) => {
    const [id, output] = splitPort(reference);
    const node = level.graph.nodes[id];
    const spec = node && specOf(level, node)?.outputs[output];
    return [name, spec ?? { type: UNKNOWN, description: "" }] as const;
  });
  return Object.fromEntries(entries);
}

/** Name of the subgraph that a node runs: by its type, or as the `body` of a loop. */
export function subgraphName(node: NodeRecord): string | null {
  if (node.type.startsWith(SUBGRAPH_PREFIX)) return node.type.slice(SUBGRAPH_PREFIX.length);
  const body = node.inputs.body;
  return typeof body === "string" ? body : null;
}

/** Where the subgraph that `name` means at `path` is defined, or null. */
export function definedAt(document: Graph, path: Path, name: string): Path | null {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const outer = path.slice(0, depth);
    if (graphAt(document, outer)?.workflows[name]) return [...outer, name];
  }
  return null;
}

/** The level that one gets to by going into these nodes, one after another. */
export function pathThrough(document: Graph, through: readonly string[]): Path {
  let path: Path = [];
  for (const id of through) {
    const node = graphAt(document, path)?.nodes[id];
    const name = node && subgraphName(node);
    const next = name ? definedAt(document, path, name) : null;
    if (!next) return path;
    path = next;
  }
  return path;
}
