/** What the editor sees to be wrong at once; the server's validation says everything. */

import type { Problem } from "./catalogue";
import { type Graph, type NodeRecord, splitPort } from "./document";
import { linksInto } from "./links";
import { findSubgraph, type Level, specOf, subgraphName } from "./subgraphs";
import { compatible, gathered, typeText } from "./types";

/** The problems of all nodes of a level, and in what they need of the subgraphs they run. */
export function quickProblems(level: Level): Problem[] {
  return problemsIn(level, "", new Set());
}

function problemsIn(level: Level, prefix: string, within: ReadonlySet<Graph>): Problem[] {
  const deeper = new Set([...within, level.graph]);
  const nodes = Object.values(level.graph.nodes);
  const needed = prefix ? neededNodes(level.graph) : null;
  return nodes.flatMap((node) => {
    if (node.mode === "muted" || needed?.has(node.id) === false) return [];
    const own = nodeProblems(level, node);
    const found = prefix ? own.map((one) => ({ ...one, node: prefix + one.node })) : own;
    const name = subgraphName(node);
    const inner = name === null ? null : findSubgraph(level, name);
    // A subgraph that uses itself is reported by the server.
    if (!inner || deeper.has(inner.graph)) return found;
    const fed = new Set(Object.keys(node.inputs));
    return [
      ...found,
      ...problemsIn(inner, `${prefix}${node.id}/`, deeper).filter(
        unlessFed(inner, `${prefix}${node.id}/`, fed),
      ),
    ];
  });
}

/** The nodes that a run of a level needs: all, or what its named outputs come from. */
export function neededNodes({ nodes, outputs }: Graph): ReadonlySet<string> {
  const sources = Object.values(outputs).map((reference) => splitPort(reference)[0]);
  if (sources.length === 0) return new Set(Object.keys(nodes));
  const needed = new Set(sources);
  for (const id of needed) {
    const node = nodes[id];
    for (const link of node ? linksInto(node) : []) needed.add(link.source);
  }
  return needed;
}

/** Inputs that are missing inside are not if the subgraph is given them. */
function unlessFed(inner: Level, prefix: string, fed: ReadonlySet<string>) {
  const given = new Set(
    Object.entries(inner.graph.inputs)
      .filter(([name]) => fed.has(name))
      .flatMap(([, targets]) => targets)
      .map((target) => prefix + target),
  );
  return ({ code, node, port }: Problem) =>
    code !== "missing_input" || !given.has(`${node}.${port}`);
}

/** The node and port that a problem is of; files that literals name have ids of their own. */
export function placeOf(problem: Problem, has: (id: string) => boolean): Place | null {
  if (problem.node === null) return null;
  if (has(problem.node)) return { node: problem.node, port: problem.port };
  const [node, port] = splitPort(problem.node);
  return has(node) ? { node, port } : null;
}

export interface Place {
  readonly node: string;
  readonly port: string | null;
}

/** Without those that say the same of the same port again. */
export function distinct(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ node, port, code }) => {
    const key = `${node}\n${port}\n${code}`;
    return !seen.has(key) && seen.add(key);
  });
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
      const message = `${spec.title} has no input named ${name}`;
      found.push(problem("unknown_input", message, node.id, name));
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
