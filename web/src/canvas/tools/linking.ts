/**
 * The tool that draws links. It is idle, or drawing from a port; letting go makes the link,
 * offers the nodes that fit, or does nothing.
 */

import type { Connection, Edge, FinalConnectionState, OnConnectStartParams } from "@xyflow/react";
import { connect, disconnect } from "../../commands/links";
import { canLink } from "../../graph/connect";
import { linksInto, linksOf } from "../../graph/links";
import { activeLevel } from "../../store/selectors";
import { useEditor } from "../../store/store";
import type { Linking } from "../../store/view";
import { LINK_PREFIX, type LinkEdge } from "../flow";
import { toGraph } from "../instance";

/** Whether the end of a present link is drawn, which xyflow also tells as a new link. */
let taking = false;

export function takeLink(): void {
  taking = true;
}

export function startLinking(_: unknown, from: OnConnectStartParams): void {
  if (!from.nodeId || !from.handleId) return;
  const side = from.handleType === "source" ? "output" : "input";
  setLinking({ node: from.nodeId, port: from.handleId, side });
}

export function mayLink(link: Connection | Edge): boolean {
  return verdictOf(link)?.ok === true;
}

export function makeLink(link: Connection): void {
  const change = newLink(link);
  if (change) useEditor.getState().execute(change);
}

export function endLinking(event: MouseEvent | TouchEvent, state: FinalConnectionState): void {
  const { linking, setView, execute } = useEditor.getState();
  setLinking(null);
  if (taking || !linking || state.isValid || state.toHandle || !isPane(event)) return;
  const taken = onlyLinkInto(linking);
  if (taken) {
    // Pulling the link out of an input and letting go takes it away.
    execute(disconnect({ links: [taken] }));
    return;
  }
  const touch = "changedTouches" in event ? event.changedTouches[0] : event;
  const screen = [touch?.clientX ?? 0, touch?.clientY ?? 0] as const;
  setView({ search: { at: toGraph(screen), screen, linking } });
}

/** Takes an end of a link to another port, as one step. */
export function moveLink(edge: LinkEdge, link: Connection): void {
  const end = endOf(edge);
  const change = newLink(link);
  if (!end || !change) return;
  const stays = end.target === link.target && end.input === link.targetHandle;
  const replaced = stays && change.args.joining === "replace";
  useEditor.getState().execute(replaced ? [change] : [disconnect({ links: [end] }), change]);
}

/** Letting go of a taken end over nothing takes the link out. */
export function dropLink(
  event: MouseEvent | TouchEvent,
  edge: LinkEdge,
  state: FinalConnectionState,
) {
  taking = false;
  setLinking(null);
  const end = endOf(edge);
  if (end && !state.toHandle && isPane(event)) {
    useEditor.getState().execute(disconnect({ links: [end] }));
  }
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

function isPane(event: MouseEvent | TouchEvent): boolean {
  return (event.target as Element | null)?.classList.contains("react-flow__pane") ?? false;
}

function setLinking(linking: Linking | null): void {
  useEditor.getState().setView({ linking });
}
