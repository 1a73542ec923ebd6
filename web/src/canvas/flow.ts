/** From records to what xyflow draws. What did not change stays the same object. */

import { type Edge, type Node, type NodeHandle, Position } from "@xyflow/react";
import { typeColour } from "../graph/catalogue";
import type { NodeRecord, Point, Size } from "../graph/document";
import { drawnSpec } from "../graph/ghost";
import { type Link, linksInto } from "../graph/links";
import type { Level } from "../graph/subgraphs";
import type { Shown } from "../store/results";
import { framesOf } from "./frames";
import { type CardLayout, layoutOf } from "./geometry";

/** Nodes carry nothing: a card reads its own record from the store. */
export type CardNode = Node<Record<string, never>, "card">;
export type FrameNode = Node<{ colour: string | undefined }, "frame" | "note">;
export type CanvasNode = CardNode | FrameNode;
export type LinkEdge = Edge<{ colour: string; bends: readonly Point[] }, "link">;

export const HANDLE = 12;
const NO_DATA: Record<string, never> = {};
const NO_BENDS: readonly Point[] = [];
export const LINK_PREFIX = "link/";

interface KnownNode {
  readonly record: NodeRecord;
  readonly layout: CardLayout;
  readonly moved: Point | undefined;
  readonly selected: boolean;
  readonly node: CardNode;
}

/** What the pointer is doing, which is not in the records yet. */
export interface Gestures {
  readonly moved: Readonly<Record<string, Point>> | null;
  readonly resizing: { readonly id: string; readonly size: Size } | null;
}

/** Keeps what it made last time, one per canvas. */
export function makeFlow() {
  let nodes = new Map<string, KnownNode>();
  let frames = new Map<string, FrameNode>();
  let edges = new Map<string, { link: Link; edge: LinkEdge }>();
  let last: LastNodes | null = null;

  /** A card as it is drawn now; the same object as before if nothing about it changed. */
  const known = (record: NodeRecord, level: Level, gestures: Gestures, by: Drawn): KnownNode => {
    const { moved: gesture, resizing } = gestures;
    const resized = resizing?.id === record.id ? { ...record, size: resizing.size } : record;
    const layout = layoutOf(resized, drawnSpec(level, record), by.pictured.get(record.id));
    const moved = gesture?.[record.id];
    const selected = by.selection.has(record.id);
    const before = nodes.get(record.id);
    const same =
      before?.record === record &&
      before.layout === layout &&
      before.moved === moved &&
      before.selected === selected;
    if (same) return before;
    const node = toNode(record, layout, moved, selected, before);
    return { record, layout, moved, selected, node };
  };

  return {
    nodes(
      level: Level,
      selection: ReadonlySet<string>,
      gestures: Gestures,
      pictured: ReadonlyMap<string, Shown>,
    ): CanvasNode[] {
      const by = { selection, pictured };
      frames = framesOf(level.graph, selection, gestures, frames);
      let cards: CardNode[];
      if (last?.level === level && last.pictured === pictured) {
        // While something is dragged or selected only that is looked at, not thousands.
        cards = [...last.cards];
        for (const id of touched(last, selection, gestures)) {
          const at = last.index.get(id);
          const record = level.graph.nodes[id];
          if (at === undefined || !record) continue;
          const now = known(record, level, gestures, by);
          nodes.set(id, now);
          cards[at] = now.node;
        }
        last = { ...last, selection, gestures, cards };
      } else {
        const records = Object.values(level.graph.nodes);
        nodes = new Map(records.map((one) => [one.id, known(one, level, gestures, by)]));
        cards = [...nodes.values()].map(({ node }) => node);
        const index = new Map(records.map(({ id }, at) => [id, at]));
        last = { level, pictured, selection, gestures, cards, index };
      }
      return [...frames.values(), ...cards];
    },

    edges(level: Level, selection: ReadonlySet<string>): LinkEdge[] {
      const next = new Map<string, { link: Link; edge: LinkEdge }>();
      for (const record of Object.values(level.graph.nodes)) {
        for (const link of linksInto(record)) {
          const made = toEdge(level, link, selection, edges.get(link.id));
          if (made) next.set(link.id, made);
        }
      }
      edges = next;
      return [...next.values()].map((known) => known.edge);
    },
  };
}

interface Drawn {
  readonly selection: ReadonlySet<string>;
  readonly pictured: ReadonlyMap<string, Shown>;
}

interface LastNodes extends Drawn {
  readonly level: Level;
  readonly gestures: Gestures;
  readonly cards: readonly CardNode[];
  /** Where each node is in the list. */
  readonly index: ReadonlyMap<string, number>;
}

/** The nodes that a gesture or the selection has changed since the last time. */
function touched(last: LastNodes, selection: ReadonlySet<string>, gestures: Gestures) {
  const ids = new Set<string>();
  for (const { moved, resizing } of [last.gestures, gestures]) {
    if (resizing) ids.add(resizing.id);
    for (const id of Object.keys(moved ?? {})) ids.add(id);
  }
  if (last.selection !== selection) {
    for (const id of last.selection) if (!selection.has(id)) ids.add(id);
    for (const id of selection) if (!last.selection.has(id)) ids.add(id);
  }
  return ids;
}

function toNode(
  record: NodeRecord,
  layout: CardLayout,
  moved: Point | undefined,
  selected: boolean,
  before: KnownNode | undefined,
): CardNode {
  const [x, y] = moved ?? record.position;
  const { width, height } = layout;
  const same = before?.layout === layout ? before.node : null;
  return {
    id: record.id,
    type: "card",
    position: { x, y },
    data: NO_DATA,
    selected,
    width,
    height,
    measured: same?.measured ?? { width, height },
    handles: same?.handles ?? handlesOf(layout),
  };
}

/** Where links start and end, so that no card has to be drawn and measured for its links. */
function handlesOf({ width, inputs, outputs }: CardLayout): NodeHandle[] {
  const size = { width: HANDLE, height: HANDLE };
  const left = -HANDLE / 2;
  return [
    ...Object.entries(inputs).map(([id, y]): NodeHandle => {
      return { id, type: "target", position: Position.Left, x: left, y: y - HANDLE / 2, ...size };
    }),
    ...Object.entries(outputs).map(([id, y]): NodeHandle => {
      const x = width + left;
      return { id, type: "source", position: Position.Right, x, y: y - HANDLE / 2, ...size };
    }),
  ];
}

function toEdge(
  level: Level,
  link: Link,
  selection: ReadonlySet<string>,
  before: { link: Link; edge: LinkEdge } | undefined,
): { link: Link; edge: LinkEdge } | null {
  const source = level.graph.nodes[link.source];
  const target = level.graph.nodes[link.target];
  const output = source && drawnSpec(level, source).outputs[link.output];
  if (!output || !target || !(link.input in drawnSpec(level, target).inputs)) return null;
  const id = LINK_PREFIX + link.id;
  const selected = selection.has(id);
  const colour = typeColour(level.catalogue, output.type);
  const bends = level.graph.reroutes[link.id] ?? NO_BENDS;
  const same =
    before?.link === link &&
    before.edge.selected === selected &&
    before.edge.data?.colour === colour &&
    before.edge.data.bends === bends;
  if (same) return before;
  const edge: LinkEdge = {
    id,
    type: "link",
    source: link.source,
    sourceHandle: link.output,
    target: link.target,
    targetHandle: link.input,
    selected,
    data: { colour, bends },
  };
  return { link, edge };
}
