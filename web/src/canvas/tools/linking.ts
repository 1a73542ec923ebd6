/**
 * The tool that draws links. It is idle, or drawing from a port; letting go makes the link,
 * offers the nodes that fit, or does nothing.
 */

import type { Connection, Edge, FinalConnectionState, OnConnectStartParams } from "@xyflow/react";
import { setReroute } from "../../commands/graph";
import { connect, disconnect, newLinkId } from "../../commands/links";
import { bestPort } from "../../graph/bestPort";
import { canLink } from "../../graph/connect";
import { type Point, splitPort } from "../../graph/document";
import { type Link, linksInto, linksOf } from "../../graph/links";
import { activeLevel } from "../../store/selectors";
import { useEditor } from "../../store/store";
import type { Linking } from "../../store/view";
import { LINK_PREFIX, type LinkEdge } from "../flow";
import { toGraph } from "../instance";
import { isCancelled } from "./gesture";

/** Whether the end of a present link is drawn, which xyflow also tells as a new link. */
let taking = false;

export function takeLink(): void {
  taking = true;
}

export function startLinking(_: unknown, from: OnConnectStartParams): void {
  if (!from.nodeId || !from.handleId) return;
  const side = from.handleType === "source" ? "output" : "input";
  const end: Linking = { node: from.nodeId, port: from.handleId, side };
  const taken = taking ? null : onlyLinkInto(end);
  setLinking(taken ? { ...end, taken } : end);
}

export function mayLink(link: Connection | Edge): boolean {
  return !isCancelled() && verdictOf(link)?.ok === true;
}

export function makeLink(link: Connection): void {
  const change = newLink(link);
  if (change) useEditor.getState().execute(change);
}

export function endLinking(event: MouseEvent | TouchEvent, state: FinalConnectionState): void {
  const { linking, setView, execute } = useEditor.getState();
  setLinking(null);
  if (taking || !linking || state.isValid) return;
  const { taken } = linking;
  if (taken && state.toHandle?.type === "target") {
    const { nodeId, id } = state.toHandle;
    const from = { source: taken.source, sourceHandle: taken.output };
    takeTo(taken, { ...from, target: nodeId, targetHandle: id ?? null });
  }
  if (state.toHandle) return;
  const under = elementUnder(event);
  const card = under?.closest<HTMLElement>("[data-node]")?.dataset.node;
  if (card !== undefined) {
    const best = bestOn(linking, card);
    if (best) execute(connect(best));
  } else if (isPane(under) && taken) {
    // Pulling the link out of an input and letting go takes it away.
    execute(disconnect({ links: [taken] }));
  } else if (isPane(under)) {
    const screen = placeOf(event);
    setView({ search: { at: toGraph(screen), screen, linking } });
  }
}

/** Takes an end of a link to another port, as one step. */
export function moveLink(edge: LinkEdge, link: Connection): void {
  const end = endOf(edge);
  if (end) takeTo(end, link);
}

function takeTo(end: Link, link: Connection): void {
  const change = newLink(link);
  if (!change) return;
  const stays = end.target === link.target && end.input === link.targetHandle;
  if (stays && end.source === link.source && end.output === link.sourceHandle) return;
  const replaced = stays && change.args.joining === "replace";
  useEditor.getState().execute(replaced ? [change] : [disconnect({ links: [end] }), change]);
}

/** Letting go of a taken end: over a card it takes a port there, over nothing the link goes. */
export function dropLink(
  event: MouseEvent | TouchEvent,
  edge: LinkEdge,
  state: FinalConnectionState,
) {
  taking = false;
  setLinking(null);
  const end = endOf(edge);
  if (!end || state.toHandle || isCancelled()) return;
  const { execute } = useEditor.getState();
  const under = elementUnder(event);
  const card = under?.closest<HTMLElement>("[data-node]")?.dataset.node;
  if (card !== undefined) {
    // The port that stays is the one that the drawing comes from.
    const fromSource = state.fromHandle?.type === "source";
    const stays = fromSource
      ? { node: end.source, port: end.output, side: "output" as const }
      : { node: end.target, port: end.input, side: "input" as const };
    const best = card === (fromSource ? end.target : end.source) ? null : bestOn(stays, card);
    if (best) execute([disconnect({ links: [end] }), connect(best)]);
  } else if (isPane(under)) {
    execute(disconnect({ links: [end] }));
  }
}

/** A link that was drawn from a dot on the way of another is let go: it shares that way. */
export function dropBranch(at: Point, via: readonly Point[]): void {
  const { linking, setView, execute } = useEditor.getState();
  const level = activeLevel(useEditor.getState());
  setLinking(null);
  if (!linking || !level) return;
  const under = document.elementFromPoint(...at);
  const port = under?.closest<HTMLElement>('[data-side="input"]')?.dataset.port;
  const card = under?.closest<HTMLElement>("[data-node]")?.dataset.node;
  if (port === undefined && card === undefined) {
    if (isPane(under)) setView({ search: { at: toGraph(at), screen: at, linking } });
    return;
  }
  const [target, input] = splitPort(port ?? "");
  const verdict = canLink(
    level,
    { node: linking.node, output: linking.port },
    { node: target, input },
  );
  const best = verdict.ok
    ? { source: linking.node, output: linking.port, target, input, joining: verdict.joining }
    : port === undefined && card !== undefined
      ? bestOn(linking, card)
      : null;
  if (!best) return;
  const link = newLinkId(level.graph.nodes[best.target]?.inputs[best.input], best);
  execute([connect(best), setReroute({ link, points: via })]);
}

function bestOn(end: Linking, card: string) {
  const level = activeLevel(useEditor.getState());
  return card === end.node || !level ? null : bestPort(level, end, card);
}

/** The link into an input that the user pulls at, if it is the only one there. */
function onlyLinkInto({ node, port, side }: Linking) {
  const record = activeLevel(useEditor.getState())?.graph.nodes[node];
  if (side === "output" || !record) return null;
  const links = linksInto(record).filter((link) => link.input === port);
  return links.length === 1 ? links[0] : null;
}

function newLink(link: Connection) {
  const verdict = verdictOf(link);
  if (!verdict?.ok || !link.sourceHandle || !link.targetHandle) return null;
  return connect({
    source: link.source,
    output: link.sourceHandle,
    target: link.target,
    input: link.targetHandle,
    joining: verdict.joining,
  });
}

function verdictOf(link: Connection | Edge) {
  const level = activeLevel(useEditor.getState());
  if (!level) return null;
  return canLink(
    level,
    { node: link.source, output: link.sourceHandle ?? "" },
    { node: link.target, input: link.targetHandle ?? "" },
  );
}

function endOf(edge: LinkEdge) {
  const level = activeLevel(useEditor.getState());
  return level && linksOf(level.graph).find((link) => LINK_PREFIX + link.id === edge.id);
}

function placeOf(event: MouseEvent | TouchEvent): Point {
  const touch = "changedTouches" in event ? event.changedTouches[0] : event;
  return [touch?.clientX ?? 0, touch?.clientY ?? 0];
}

function elementUnder(event: MouseEvent | TouchEvent): Element | null {
  return document.elementFromPoint(...placeOf(event));
}

function isPane(element: Element | null): boolean {
  return element?.classList.contains("react-flow__pane") ?? false;
}

function setLinking(linking: Linking | null): void {
  useEditor.getState().setView({ linking });
}
