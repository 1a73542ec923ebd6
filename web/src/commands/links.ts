/** Commands on links. A link is the value of the input that it ends at. */

import type { Joining } from "../graph/connect";
import type { Graph, NodeRecord } from "../graph/document";
import { joinPort, without } from "../graph/document";
import type { Json } from "../graph/json";
import { fromSlots, type Link, linksIn, type Slot } from "../graph/links";
import { define } from "./command";
import { changeNodes } from "./nodes";

export interface NewLink {
  readonly source: string;
  readonly output: string;
  readonly target: string;
  readonly input: string;
  readonly joining: Joining;
}

/** Links an output to an input, as `canLink` says that it joins what is there. */
export const connect = define<NewLink>("links.connect", (graph, link) => {
  if (!(link.source in graph.nodes)) return graph;
  const reference = joinPort(link.source, link.output);
  return changeNodes(graph, [link.target], (node) => {
    const present = linksIn(node.inputs[link.input]);
    const value = joined(present, reference, link.joining);
    return { ...node, inputs: { ...node.inputs, [link.input]: value } };
  });
});

/** The id that a link will have which joins what an input has. */
export function newLinkId(present: Json | undefined, { target, input, joining }: NewLink): string {
  const end = joinPort(target, input);
  if (joining === "replace") return end;
  return `${end}[${joining === "append" ? linksIn(present).length : joining.key}]`;
}

function joined(present: [Slot, string][], reference: string, joining: Joining): Json {
  if (joining === "replace") return { link: reference };
  if (joining === "append") {
    const before = present.map(([, link], index): [Slot, string] => [index, link]);
    return fromSlots([...before, [before.length, reference]]) as Json;
  }
  const named = present.filter(([slot]) => typeof slot === "string");
  return fromSlots([...named, [joining.key, reference]]) as Json;
}

export type LinkEnd = Pick<Link, "target" | "input" | "slot">;

/** Takes links out. What other links the input has stay. */
export const disconnect = define<{ links: readonly LinkEnd[] }>(
  "links.disconnect",
  (graph, { links }) => {
    const next = changeNodes(graph, new Set(links.map((link) => link.target)), (node) =>
      cut(
        node,
        links.filter((link) => link.target === node.id),
      ),
    );
    return dropBends(next, new Set(links.map((link) => joinPort(link.target, link.input))));
  },
);

function cut(node: NodeRecord, links: readonly LinkEnd[]): NodeRecord {
  let inputs = node.inputs;
  for (const input of new Set(links.map((link) => link.input))) {
    const present = linksIn(node.inputs[input]);
    const slots = new Set(links.filter((link) => link.input === input).map((link) => link.slot));
    const left = present.filter(([slot]) => !slots.has(slot));
    if (left.length === present.length) continue;
    const value = fromSlots(left);
    inputs = value === undefined ? without(inputs, [input]) : { ...inputs, [input]: value };
  }
  return inputs === node.inputs ? node : { ...node, inputs };
}

/** Forgets the bends of links that are gone, and of those whose slots have moved up. */
function dropBends(graph: Graph, ends: ReadonlySet<string>): Graph {
  const bent = Object.keys(graph.reroutes);
  const gone = bent.filter((link) => ends.has(link.replace(/\[.*\]$/, "")));
  const reroutes = without(graph.reroutes, gone);
  return reroutes === graph.reroutes ? graph : { ...graph, reroutes };
}
