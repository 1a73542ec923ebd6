/** Nodes and links drawn on a plain canvas, where there are too many for elements. */

import { PALETTE } from "../graph/palette";
import type { CanvasNode, LinkEdge } from "./flow";

export interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export interface Paint {
  readonly card: string;
  readonly selected: string;
  readonly text: string;
}

/** The colours of the theme that is on. */
export function paintOf(element: Element): Paint {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    card: colour("--line-strong"),
    selected: colour("--accent"),
    text: colour("--text"),
  };
}

/** Fits the pixels of a canvas to its size on the screen and clears it. */
export function prepare(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
  const { clientWidth, clientHeight } = canvas;
  const ratio = window.devicePixelRatio;
  const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, clientWidth, clientHeight);
  return context;
}

export function drawNodes(
  context: CanvasRenderingContext2D,
  nodes: readonly CanvasNode[],
  { x, y, zoom }: View,
  paint: Paint,
): void {
  const fill = ({ width = 0, height = 0, position }: CanvasNode) =>
    context.fillRect(x + position.x * zoom, y + position.y * zoom, width * zoom, height * zoom);
  for (const node of nodes) {
    if (node.type !== "frame") continue;
    context.fillStyle = node.selected ? paint.selected : (node.data.colour ?? paint.card);
    context.globalAlpha = 0.18;
    fill(node);
  }
  context.globalAlpha = 1;
  for (const chosen of [false, true]) {
    for (const node of nodes) {
      if (node.type === "frame" || node.selected !== chosen) continue;
      const own = node.type === "note" ? (node.data.colour ?? PALETTE.yellow) : paint.card;
      context.fillStyle = chosen ? paint.selected : own;
      fill(node);
    }
  }
}

/** Size of titles on cards that are seen from afar, as in card.css. */
const TITLE = 30;

/** The titles of the cards in sight. */
export function drawTitles(
  context: CanvasRenderingContext2D,
  nodes: readonly CanvasNode[],
  { x, y, zoom }: View,
  titleOf: (id: string) => string,
  colour: string,
): void {
  const { clientWidth, clientHeight } = context.canvas;
  context.font = `600 ${TITLE * zoom}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = colour;
  for (const node of nodes) {
    const width = (node.width ?? 0) * zoom;
    const left = x + node.position.x * zoom;
    const middle = y + (node.position.y + (node.height ?? 0) / 2) * zoom;
    const seen = left + width > 0 && left < clientWidth && middle > 0 && middle < clientHeight;
    if (node.type === "card" && seen) {
      context.fillText(titleOf(node.id), left + width / 2, middle, width * 0.9);
    }
  }
}

/** Straight lines from card to card; at this size nobody sees the ports. */
export function drawLinks(
  context: CanvasRenderingContext2D,
  edges: readonly LinkEdge[],
  nodes: ReadonlyMap<string, CanvasNode>,
  { x, y, zoom }: View,
): void {
  context.lineWidth = 1;
  const paths = new Map<string, Path2D>();
  for (const edge of edges) {
    const source = nodes.get(edge.source);
    const target = nodes.get(edge.target);
    if (!source || !target || !edge.data) continue;
    let path = paths.get(edge.data.colour);
    if (!path) {
      path = new Path2D();
      paths.set(edge.data.colour, path);
    }
    const half = [(source.height ?? 0) / 2, (target.height ?? 0) / 2] as const;
    const startX = x + (source.position.x + (source.width ?? 0)) * zoom;
    path.moveTo(startX, y + (source.position.y + half[0]) * zoom);
    path.lineTo(x + target.position.x * zoom, y + (target.position.y + half[1]) * zoom);
  }
  for (const [colour, path] of paths) {
    context.strokeStyle = colour;
    context.stroke(path);
  }
}

/** The rectangle that holds all nodes. */
export function boundsOf(nodes: readonly CanvasNode[]) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { position, width = 0, height = 0 } of nodes) {
    left = Math.min(left, position.x);
    top = Math.min(top, position.y);
    right = Math.max(right, position.x + width);
    bottom = Math.max(bottom, position.y + height);
  }
  return nodes.length > 0
    ? { x: left, y: top, width: right - left, height: bottom - top }
    : { x: 0, y: 0, width: 1, height: 1 };
}
