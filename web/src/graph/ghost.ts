/** Nodes of a type that nobody brings are drawn too, with the ports that the document uses. */

import type { InputSpec, NodeSpec, OutputSpec } from "./catalogue";
import { fallbackTitle } from "./catalogue";
import type { NodeRecord } from "./document";
import { linksFrom } from "./links";
import { type Level, specOf } from "./subgraphs";

const ANY_TYPE = { names: ["any"], depth: 0, optional: false } as const;
const INPUT: InputSpec = {
  type: ANY_TYPE,
  required: false,
  lazy: false,
  description: "",
  schema: {},
};
const OUTPUT: OutputSpec = { type: ANY_TYPE, description: "" };

const made = new WeakMap<NodeRecord, { outputs: string; spec: NodeSpec }>();

export function drawnSpec(level: Level, node: NodeRecord): NodeSpec {
  return specOf(level, node) ?? ghost(level, node);
}

/** Whether the type of a node is made up, because no pack and no subgraph has its name. */
export function isGhost(spec: NodeSpec): boolean {
  return spec.version === 0;
}

function ghost(level: Level, node: NodeRecord): NodeSpec {
  const links = linksFrom(level.graph).get(node.id) ?? [];
  const names = [...new Set(links.map((link) => link.output))];
  const outputs = names.join("\n");
  const known = made.get(node);
  if (known?.outputs === outputs) return known.spec;
  const spec: NodeSpec = {
    id: node.type,
    title: fallbackTitle(node.type),
    version: 0,
    category: "",
    description: "",
    volatile: false,
    inputs: Object.fromEntries(Object.keys(node.inputs).map((name) => [name, INPUT])),
    outputs: Object.fromEntries(names.map((name) => [name, OUTPUT])),
    pack: "",
  };
  made.set(node, { outputs, spec });
  return spec;
}
