/**
 * How large a card is and where its ports are. Everything follows from the record and the
 * type, so thousands of nodes and their links have their places without being drawn.
 */

import type { InputSpec, NodeSpec } from "../graph/catalogue";
import type { NodeRecord } from "../graph/document";
import { isLinked } from "../graph/links";
import type { Shown } from "../store/results";
import { heightOf, startsAsPort, widgetOf } from "../widgets/registry";
import { viewedAt } from "../widgets/viewers";

export const CARD_WIDTH = 250;
export const HEADER = 38;
export const PORT_ROW = 26;
export const PADDING = 8;
export const PICTURE = 234;
/** A short value that a node made, with the gap below it. */
const VALUE = 38;

export interface PortRow {
  readonly y: number;
  readonly input?: string;
  readonly output?: string;
}

export interface WidgetRow {
  readonly y: number;
  readonly height: number;
  readonly input: string;
}

export interface CardLayout {
  readonly width: number;
  readonly height: number;
  readonly ports: readonly PortRow[];
  readonly widgets: readonly WidgetRow[];
  readonly picture: { readonly y: number; readonly height: number } | null;
  /** Heights of the middle of each port. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, number>>;
}

/** Whether an input is drawn as a port alone, without its widget. */
export function isPort(node: NodeRecord, name: string, input: InputSpec): boolean {
  const value = node.inputs[name];
  return (
    widgetOf(input) === null ||
    isLinked(value) ||
    (node.ports ?? []).includes(name) ||
    (value === undefined && startsAsPort(input))
  );
}

interface Known {
  readonly spec: NodeSpec;
  readonly extra: number;
  readonly layout: CardLayout;
}
const known = new WeakMap<NodeRecord, Known>();

/** The layout of a card that shows nothing besides, a picture, or some rows of values. */
export function layoutOf(node: NodeRecord, spec: NodeSpec, shown: Shown | undefined): CardLayout {
  const extra = heightOfShown(shown, spec);
  const before = known.get(node);
  if (before?.spec === spec && before.extra === extra) return before.layout;
  const layout = node.collapsed ? collapsed(node, spec) : expanded(node, spec, extra);
  known.set(node, { spec, extra, layout });
  return layout;
}

function heightOfShown(shown: Shown | undefined, spec: NodeSpec): number {
  if (shown === undefined) return 0;
  if (typeof shown === "number") return Math.min(PICTURE, PADDING + shown * VALUE);
  return (typeof shown === "object" && viewedAt(spec, shown)?.viewer.height) || PICTURE;
}

function collapsed(node: NodeRecord, spec: NodeSpec): CardLayout {
  const middle = (names: string[]) => Object.fromEntries(names.map((name) => [name, HEADER / 2]));
  return {
    width: node.size?.[0] ?? CARD_WIDTH,
    height: HEADER,
    ports: [],
    widgets: [],
    picture: null,
    inputs: middle(Object.keys(spec.inputs)),
    outputs: middle(Object.keys(spec.outputs)),
  };
}

function expanded(node: NodeRecord, spec: NodeSpec, extra: number): CardLayout {
  const entries = Object.entries(spec.inputs);
  const asPort = entries.filter(([name, input]) => isPort(node, name, input));
  const asWidget = entries.filter(([name, input]) => !isPort(node, name, input));
  const outputs = Object.keys(spec.outputs);
  let y = HEADER + PADDING / 2;

  const ports = Array.from({ length: Math.max(asPort.length, outputs.length) }, (_, index) => {
    const [input, output] = [asPort[index]?.[0], outputs[index]];
    const row = {
      y,
      ...(input !== undefined && { input }),
      ...(output !== undefined && { output }),
    };
    y += PORT_ROW;
    return row;
  });
  if (ports.length > 0 && asWidget.length > 0) y += PADDING / 2;

  const heights = asWidget.map(([name, input]) => heightOf(input, node.inputs[name]));
  const natural = y + heights.reduce((sum, height) => sum + height, 0) + extra;
  const spare = Math.max(0, (node.size?.[1] ?? 0) - natural - PADDING);
  const growing = asWidget.filter(([, input]) => widgetOf(input)?.grows).length;
  const share = growing > 0 ? Math.floor(spare / growing) : 0;
  const widgets = asWidget.map(([name, input], index) => {
    const height = (heights[index] ?? 0) + (widgetOf(input)?.grows ? share : 0);
    const row = { y, height, input: name };
    y += height;
    return row;
  });

  const rest = growing > 0 ? 0 : spare;
  const picture = extra > 0 ? { y, height: extra + rest } : null;
  y += picture ? picture.height : rest;
  return {
    width: node.size?.[0] ?? CARD_WIDTH,
    height: y + PADDING,
    ports,
    widgets,
    picture,
    inputs: Object.fromEntries([
      ...ports.flatMap((row) => (row.input ? [[row.input, row.y + PORT_ROW / 2]] : [])),
      ...widgets.map((row) => [row.input, row.y + 16]),
    ]),
    outputs: Object.fromEntries(
      ports.flatMap((row) => (row.output ? [[row.output, row.y + PORT_ROW / 2]] : [])),
    ),
  };
}
