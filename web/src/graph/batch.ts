/** Several runs of one document: each after the first has other seeds. */

import type { InputSpec } from "./catalogue";
import { type Graph, joinPort, type NodeRecord, SUBGRAPH_PREFIX } from "./document";
import type { Json } from "./json";
import { isLinked } from "./links";
import { isSeed, randomSeed } from "./seeds";
import { type Level, specOf } from "./subgraphs";

export type SeedMode = "count" | "random";

/**
 * The document for one run of a batch: seeds that are not locked get `index` more, or fresh
 * ones from `draw`, at every level. The first run is the document as it is.
 */
export function nthOfBatch(
  level: Level,
  index: number,
  mode: SeedMode,
  draw: () => number = randomSeed,
): Graph {
  const { graph, path, catalogue } = level;
  if (index === 0) return graph;
  const nodes = Object.fromEntries(
    Object.values(graph.nodes).map((node) => [node.id, withSeeds(level, node, index, mode, draw)]),
  );
  const workflows = Object.fromEntries(
    Object.entries(graph.workflows).map(([name, inner]) => [
      name,
      nthOfBatch(
        { graph: inner, path: [...path, name], outer: level, catalogue },
        index,
        mode,
        draw,
      ),
    ]),
  );
  return { ...graph, nodes, workflows };
}

/**
 * A graph with the seeds that were drawn for what it was before; those that somebody has
 * changed since stay.
 */
export function takeDrawn(now: Graph, before: Graph, drawn: Graph): Graph {
  if (now === before) return drawn;
  let { nodes, workflows } = now;
  for (const [id, { inputs }] of Object.entries(drawn.nodes)) {
    const [was, is] = [before.nodes[id], now.nodes[id]];
    if (!was || !is || was.inputs === inputs) continue;
    const taken = Object.entries(inputs).filter(
      ([name, value]) => value !== was.inputs[name] && is.inputs[name] === was.inputs[name],
    );
    const changed = { ...is, inputs: { ...is.inputs, ...Object.fromEntries(taken) } };
    if (taken.length > 0) nodes = { ...nodes, [id]: changed };
  }
  for (const [name, inner] of Object.entries(drawn.workflows)) {
    const [was, is] = [before.workflows[name], now.workflows[name]];
    if (was && is) workflows = { ...workflows, [name]: takeDrawn(is, was, inner) };
  }
  return { ...now, nodes, workflows };
}

function withSeeds(
  level: Level,
  node: NodeRecord,
  index: number,
  mode: SeedMode,
  draw: () => number,
): NodeRecord {
  let { inputs } = node;
  for (const [name, input] of Object.entries(specOf(level, node)?.inputs ?? {})) {
    if (!isSeed(input) || level.graph.lockedSeeds.includes(joinPort(node.id, name))) continue;
    const given = node.inputs[name];
    // The open seed of a subgraph is that of the node inside, which has its own turn.
    if (isLinked(given) || (given === undefined && node.type.startsWith(SUBGRAPH_PREFIX))) continue;
    const seed = given ?? input.schema.default;
    if (typeof seed !== "number" && typeof seed !== "bigint") continue;
    inputs = { ...inputs, [name]: mode === "random" ? draw() : after(seed, index, input) };
  }
  return inputs === node.inputs ? node : { ...node, inputs };
}

/** A seed some steps on, from the largest to the smallest. */
function after(seed: number | bigint, steps: number, { schema }: InputSpec): number | bigint {
  const least = whole(schema.minimum) ?? 0n;
  const most = whole(schema.maximum) ?? BigInt(Number.MAX_SAFE_INTEGER);
  const next = least + ((BigInt(seed) - least + BigInt(steps)) % (most - least + 1n));
  const number = Number(next);
  return Number.isSafeInteger(number) ? number : next;
}

function whole(value: Json | undefined): bigint | undefined {
  if (typeof value === "bigint") return value;
  return typeof value === "number" ? BigInt(Math.trunc(value)) : undefined;
}
