/** What the editor sees to be wrong at once; the server's validation says everything. */

import type { Problem } from "./catalogue";
import type { NodeRecord } from "./document";
import { linksInto } from "./links";
import { type Level, specOf } from "./subgraphs";
import { compatible, gathered, typeText } from "./types";

/** The problems of one level. */
export function quickProblems(level: Level): Problem[] {
  return Object.values(level.graph.nodes).flatMap((node) => nodeProblems(level, node));
}

export function nodeProblems(level: Level, node: NodeRecord): Problem[] {
  const spec = specOf(level, node);
  if (!spec) {
    const hint = "install the pack that brings it, or remove the node";
    return [problem("unknown_node_type", `no pack brings ${node.type}`, node.id, null, hint)];
  }
  const found: Problem[] = [];
  for (const [name, input] of Object.entries(spec.inputs)) {
    if (input.required && node.inputs[name] === undefined) {
      const message = `${name} is missing`;
      found.push(
        problem("missing_input", message, node.id, name, `link or set ${typeText(input.type)}`),
      );
    }
  }
  for (const name of Object.keys(node.inputs)) {
    if (!spec.inputs[name]) {
      found.push(problem("unknown_input", `${spec.title} has no input ${name}`, node.id, name));
    }
  }
  for (const link of linksInto(node)) {
    const source = level.graph.nodes[link.source];
    const output = source && specOf(level, source)?.outputs[link.output];
    const input = spec.inputs[link.input];
    if (!source) {
      const message = `${link.input} is linked to ${link.source}, which is not there`;
      found.push(problem("unknown_node", message, node.id, link.input));
    } else if (output && input && typeof link.slot !== "string") {
      const given = link.slot === null ? output.type : gathered(output.type);
      if (!compatible(given, input.type, level.catalogue.converts)) {
        const message = `takes ${typeText(input.type)}, but ${link.source}.${link.output} gives ${typeText(given)}`;
        found.push(problem("type_mismatch", message, node.id, link.input));
      }
    }
  }
  return found;
}

function problem(
  code: string,
  message: string,
  node: string,
  port: string | null,
  hint: string | null = null,
): Problem {
  return { code, message, node, port, hint };
}
