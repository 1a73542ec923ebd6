/** Layered layout by elkjs, in a worker. This file is loaded when it is first asked for. */

import ELK, { type ElkNode, type ElkPort } from "elkjs/lib/elk-api";
import worker from "elkjs/lib/elk-worker.min.js?url";
import type { Point, Rect } from "../../graph/document";

export interface LayoutBox {
  readonly id: string;
  readonly size: readonly [width: number, height: number];
  /** The group that it lies on. */
  readonly group: string | null;
  /** Heights of the ports, from the top. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, number>>;
}

export interface LayoutLink {
  readonly source: string;
  readonly output: string;
  readonly target: string;
  readonly input: string;
}

export interface Laid {
  readonly cards: Readonly<Record<string, Point>>;
  readonly groups: Readonly<Record<string, Rect>>;
}

const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.layered.spacing.nodeNodeBetweenLayers": "80",
  "elk.spacing.nodeNode": "40",
  "elk.spacing.componentComponent": "80",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
};
/** A group's title is above what lies on it. */
const GROUP = { "elk.padding": "[top=60,left=20,bottom=20,right=20]" };

let elk: InstanceType<typeof ELK> | null = null;

export async function layered(
  boxes: readonly LayoutBox[],
  links: readonly LayoutLink[],
): Promise<Laid> {
  elk ??= new ELK({ workerFactory: () => new Worker(worker) });
  const groups = [...new Set(boxes.flatMap((box) => (box.group ? [box.group] : [])))];
  const within = (group: string | null) => boxes.filter((box) => box.group === group).map(toElk);
  const root = await elk.layout({
    id: "root",
    layoutOptions: OPTIONS,
    children: [
      ...groups.map((id) => ({ id, layoutOptions: GROUP, children: within(id) })),
      ...within(null),
    ],
    edges: links.map((link, index) => ({
      id: `link ${index}`,
      sources: [`${link.source} out ${link.output}`],
      targets: [`${link.target} in ${link.input}`],
    })),
  });
  const cards: Record<string, Point> = {};
  const rects: Record<string, Rect> = {};
  for (const child of root.children ?? []) {
    const [x, y] = [Math.round(child.x ?? 0), Math.round(child.y ?? 0)];
    if (!groups.includes(child.id)) cards[child.id] = [x, y];
    else rects[child.id] = [x, y, Math.round(child.width ?? 0), Math.round(child.height ?? 0)];
    for (const inner of child.children ?? []) {
      cards[inner.id] = [x + Math.round(inner.x ?? 0), y + Math.round(inner.y ?? 0)];
    }
  }
  return { cards, groups: rects };
}

function toElk({ id, size, inputs, outputs }: LayoutBox): ElkNode {
  const [width, height] = size;
  const ports = (side: "in" | "out", at: Readonly<Record<string, number>>): ElkPort[] =>
    Object.entries(at).map(([name, y]) => ({
      id: `${id} ${side} ${name}`,
      x: side === "in" ? 0 : width,
      y,
      width: 0,
      height: 0,
      layoutOptions: { "elk.port.side": side === "in" ? "WEST" : "EAST" },
    }));
  return {
    id,
    width,
    height,
    ports: [...ports("in", inputs), ...ports("out", outputs)],
    layoutOptions: { "elk.portConstraints": "FIXED_POS" },
  };
}
