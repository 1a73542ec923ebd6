/**
 * The tool that draws and removes links by keyboard. It is at a port, and goes from port to
 * port of a node, or, while a link is drawn, over those that it may end at.
 */

import type { KeyboardEvent } from "react";
import { connect, disconnect } from "../../commands/links";
import { type Fitting, linkBetween, type OpenEnd } from "../../graph/bestPort";
import { drawnSpec } from "../../graph/ghost";
import { text } from "../../i18n";
import { activeLevel, picturedNodes, selectedNodes } from "../../store/selectors";
import { useEditor } from "../../store/store";
import { shownBoxes } from "../boxes";
import { canvas, glide } from "../instance";
import {
  bestOf,
  firstPort,
  fittingPorts,
  inReadingOrder,
  linksAt,
  portPlace,
  portsOf,
} from "../ports";
import { bringIntoView } from "./looking";

const get = useEditor.getState;

/** Begins at a port of the selected node. */
export function startWiring(): void {
  const [node] = [...selectedNodes(get())].sort(inReadingOrder);
  if (node) goToNode(node.id);
}

export function stopWiring(): void {
  get().setView({ wiring: null, linking: null });
}

export function onWiringKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key === "Tab" && event.shiftKey ? "Shift+Tab" : event.key;
  const act = (get().linking ? DRAWING : CHOOSING)[key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

const CHOOSING: Readonly<Record<string, () => void>> = {
  ArrowUp: () => stepPort(-1),
  ArrowDown: () => stepPort(1),
  ArrowLeft: () => changeSide("input"),
  ArrowRight: () => changeSide("output"),
  Tab: () => stepNode(1),
  "Shift+Tab": () => stepNode(-1),
  Enter: begin,
  Delete: cut,
  Backspace: cut,
  Escape: stopWiring,
};

const DRAWING: Readonly<Record<string, () => void>> = {
  ArrowUp: () => stepFitting(-1),
  ArrowDown: () => stepFitting(1),
  ArrowLeft: () => stepFitting(-1),
  ArrowRight: () => stepFitting(1),
  Tab: () => stepFitting(1),
  "Shift+Tab": () => stepFitting(-1),
  Enter: finish,
  " ": search,
  Escape: () => {
    const { linking, setView } = get();
    setView({ linking: null });
    if (linking) goTo(linking);
  },
};

function goTo(end: OpenEnd, told?: string): void {
  const { node, port, side } = end;
  get().setView({ wiring: { at: { node, port, side }, ...(told !== undefined && { told }) } });
  get().select([node]);
  show(node);
}

function goToNode(id: string): void {
  const level = activeLevel(get());
  const first = level && firstPort(level, id, picturedNodes(get()));
  if (first) goTo(first);
}

/** Brings a card into view, and near enough for its ports to be drawn. */
function show(node: string): void {
  const boxes = shownBoxes(get(), "all").filter(({ id }) => id === node);
  const rect = boxes[0]?.rect;
  if (get().distance === "near" || !rect) {
    bringIntoView(boxes);
  } else {
    const [x, y, width, height] = rect;
    const options = { zoom: NEAR, duration: glide() };
    void canvas()?.setCenter(x + width / 2, y + height / 2, options);
  }
}

const NEAR = 0.6;

function stepPort(by: 1 | -1): void {
  const [at, ports] = here();
  const next = at && ports[(indexOf(ports, at) + by + ports.length) % ports.length];
  if (next) goTo(next);
}

function changeSide(side: OpenEnd["side"]): void {
  const [at, ports, level] = here();
  if (!at || !level || at.side === side) return;
  const others = portsOf(level, at.node, side, picturedNodes(get()));
  const next = others[Math.min(indexOf(ports, at), others.length - 1)];
  if (next) goTo(next);
}

function stepNode(by: 1 | -1): void {
  const [at, , level] = here();
  if (!at || !level) return;
  const order = Object.values(level.graph.nodes).sort(inReadingOrder);
  const from = order.findIndex(({ id }) => id === at.node);
  const next = order[(from + by + order.length) % order.length];
  if (next) goToNode(next.id);
}

function begin(): void {
  const [at, , level] = here();
  if (!at || !level) return;
  const pictured = picturedNodes(get());
  const fitting = fittingPorts(level, at, pictured);
  get().setView({ linking: at });
  const best = bestOf(level, at, fitting, pictured);
  // Where nothing fits, there may be a node to add that does.
  goTo(best ?? at);
}

/** The ports that the link which is drawn may end at. */
export function fitting(): readonly Fitting[] {
  const { linking } = get();
  const level = activeLevel(get());
  return linking && level ? fittingPorts(level, linking, picturedNodes(get())) : [];
}

function stepFitting(by: 1 | -1): void {
  const ends = fitting();
  const at = get().wiring?.at;
  const next = at && ends[(indexOf(ends, at) + by + ends.length) % ends.length];
  if (next) goTo(next);
}

function finish(): void {
  const { wiring, linking, execute, setView } = get();
  const ends = fitting();
  const to = wiring && ends[indexOf(ends, wiring.at)];
  if (!linking || !to) return;
  execute(connect(linkBetween(linking, to)));
  setView({ linking: null });
  goTo(to, text("wiring.made"));
}

/** Removes the links at the port. */
function cut(): void {
  const [at, , level] = here();
  if (!at || !level) return;
  const links = linksAt(level, at);
  if (links.length === 0) return;
  get().execute(disconnect({ links }));
  goTo(at, text(links.length === 1 ? "wiring.cut_one" : "wiring.cut", { count: links.length }));
}

/** Looks for a node to add at the end of the link. */
function search(): void {
  const { linking, setView } = get();
  const level = activeLevel(get());
  const start = linking && level && portPlace(level, linking, picturedNodes(get()));
  if (!linking || !start) return;
  const at = [start[0] + (linking.side === "output" ? BESIDE : -BESIDE - WIDTH), start[1]] as const;
  const place = canvas()?.flowToScreenPosition({ x: start[0], y: start[1] });
  stopWiring();
  setView({ search: { at, screen: [place?.x ?? 0, place?.y ?? 0], linking } });
}

const BESIDE = 80;
const WIDTH = 250;

/** The port that the keyboard is at, those on its side of the node, and the level. */
function here() {
  const at = get().wiring?.at ?? null;
  const level = activeLevel(get());
  const ports = at && level ? portsOf(level, at.node, at.side, picturedNodes(get())) : [];
  return [at, ports, level] as const;
}

function indexOf(ends: readonly OpenEnd[], { node, port, side }: OpenEnd): number {
  return ends.findIndex((end) => end.node === node && end.port === port && end.side === side);
}

/** A port in words, with what it is linked to. */
export function describeEnd(end: OpenEnd): string {
  const level = activeLevel(get());
  const node = level?.graph.nodes[end.node];
  if (!level || !node) return "";
  const spec = drawnSpec(level, node);
  const port = end.port.replaceAll("_", " ");
  const name = node.title ?? spec.title;
  const what = text(end.side === "input" ? "wiring.input" : "wiring.output", { port, node: name });
  const links = linksAt(level, end);
  const others = links.map((link) =>
    end.side === "input" ? `${link.source}.${link.output}` : `${link.target}.${link.input}`,
  );
  const linked = links.length > 0 && text("wiring.linked", { ports: others.join(", ") });
  const needed =
    end.side === "input" && spec.inputs[end.port]?.required && node.inputs[end.port] === undefined;
  return [what, linked, needed && text("limits.required")].filter(Boolean).join(" · ");
}
