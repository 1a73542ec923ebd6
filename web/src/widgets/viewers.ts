/** Viewers of port types, which modules of packs bring. */

import type { Catalogue, NodeSpec } from "../graph/catalogue";
import { type Graph, splitPort } from "../graph/document";
import { levelAt, specOf } from "../graph/subgraphs";
import type { ModuleViewer } from "./modules";

const viewers = new Map<string, ModuleViewer>();

/** The last one that is registered for a type shows it. */
export function registerViewer(type: string, viewer: ModuleViewer): void {
  viewers.set(type, viewer);
}

export function viewerOf(type: string | null): ModuleViewer | undefined {
  return type === null ? undefined : viewers.get(type);
}

/** The first of some outputs of a node whose port type has a viewer. */
export function viewedAt(spec: NodeSpec | undefined, ports: readonly string[]) {
  for (const port of ports) {
    const type = spec?.outputs[port]?.type.names[0] ?? "";
    const viewer = viewers.get(type);
    if (viewer) return { port, type, viewer };
  }
  return undefined;
}

/** The port type of a `node.output` of a document, or null. */
export function outputType(catalogue: Catalogue, document: Graph, reference: string) {
  const [id, output] = splitPort(reference);
  const level = levelAt(document, [], catalogue);
  const node = document.nodes[id];
  const spec = level && node ? specOf(level, node) : undefined;
  return spec?.outputs[output]?.type.names[0] ?? null;
}
