/** Fuzzy search over names, descriptions and types of nodes. */

import Fuse from "fuse.js";
import type { NodeSpec, OutputSpec } from "../../graph/catalogue";
import { fitPorts } from "../../graph/connect";
import { drawnSpec } from "../../graph/ghost";
import { type Level, subgraphSpec } from "../../graph/subgraphs";
import type { TypeExpr } from "../../graph/types";
import type { Linking } from "../../store/view";

export interface Offer {
  readonly spec: NodeSpec;
  /** The first port of it that fits the link that is being drawn. */
  readonly port: string | null;
}

/** What can be added at a level: node types of packs and subgraphs that are in reach. */
export function offersAt(level: Level, linking: Linking | null): Offer[] {
  const specs = new Map(level.catalogue.nodes);
  for (let at: Level | null = level; at; at = at.outer) {
    for (const [name, graph] of Object.entries(at.graph.workflows)) {
      const inner = { graph, path: [...at.path, name], outer: at, catalogue: level.catalogue };
      const spec = subgraphSpec(inner);
      // A subgraph can't hold itself, and an inner name hides an outer one.
      const holds = level.path.join("/").startsWith(inner.path.join("/"));
      if (!holds && !specs.has(spec.id)) specs.set(spec.id, spec);
    }
  }
  if (!linking) return [...specs.values()].map((spec) => ({ spec, port: null }));
  const fitting = [...specs.values()].flatMap((spec) => {
    const found = fittingPort(level, spec, linking);
    return found ? [{ spec, port: found.port, exact: found.exact }] : [];
  });
  // What takes the very type comes before what takes anything.
  return fitting.sort((a, b) => Number(b.exact) - Number(a.exact));
}

/** The best port of a type to be the other end of a link, and whether it names its type. */
function fittingPort(level: Level, spec: NodeSpec, { node: id, port, side }: Linking) {
  const node = level.graph.nodes[id];
  if (!node) return null;
  const here = drawnSpec(level, node);
  const output = here.outputs[port];
  const input = here.inputs[port];
  if (side === "output") {
    return output && bestOf(spec.inputs, output.type, (other) => fitPorts(level, output, other).ok);
  }
  return input && bestOf(spec.outputs, input.type, (other) => fitPorts(level, other, input).ok);
}

function bestOf<P extends OutputSpec>(
  ports: Readonly<Record<string, P>>,
  type: TypeExpr,
  fits: (port: P) => boolean,
): { port: string; exact: boolean } | null {
  const fitting = Object.entries(ports).filter(([, port]) => fits(port));
  const exact = fitting.find(([, port]) => sharesName(port.type.names, type.names));
  const chosen = exact ?? fitting[0];
  return chosen ? { port: chosen[0], exact: exact !== undefined } : null;
}

function sharesName(a: readonly string[], b: readonly string[]): boolean {
  return a.some((name) => b.includes(name));
}

export function makeFinder(offers: readonly Offer[]): (query: string) => readonly Offer[] {
  const fuse = new Fuse(offers, {
    threshold: 0.35,
    ignoreLocation: true,
    keys: [
      { name: "title", weight: 5, getFn: (offer) => offer.spec.title },
      { name: "id", weight: 3, getFn: (offer) => offer.spec.id.replace(/[_/]/g, " ") },
      { name: "ports", weight: 1, getFn: portNames },
      { name: "description", weight: 1, getFn: (offer) => offer.spec.description },
    ],
  });
  return (query) => (query.trim() ? fuse.search(query.trim()).map((hit) => hit.item) : offers);
}

function portNames({ spec }: Offer): string[] {
  const ports = [...Object.values(spec.inputs), ...Object.values(spec.outputs)];
  return ports.flatMap((port) => port.type.names.map((name) => name.replaceAll("_", " ")));
}
