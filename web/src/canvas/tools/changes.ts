/**
 * What xyflow tells of the pointer, as changes of the store. While things are dragged only the
 * gesture changes; when they are let go one step moves them all.
 */

import type { EdgeChange, NodeChange } from "@xyflow/react";
import type { MouseEvent } from "react";
import type { Point } from "../../graph/document";
import { activeDocument, activeGraph } from "../../store/documents";
import { useEditor } from "../../store/store";
import type { CanvasNode, LinkEdge } from "../flow";
import { isCancelled } from "./gesture";
import { placing, withMembers } from "./moving";

export function changeNodes(changes: readonly NodeChange<CanvasNode>[]): void {
  const dragged: Record<string, Point> = {};
  const dropped: Record<string, Point> = {};
  for (const change of changes) {
    if (change.type !== "position" || !change.position || isCancelled()) continue;
    const at: Point = [Math.round(change.position.x), Math.round(change.position.y)];
    (change.dragging ? dragged : dropped)[change.id] = at;
  }
  const state = useEditor.getState();
  const graph = activeGraph(state);
  if (Object.keys(dragged).length > 0) {
    state.setView({ gesture: { ...state.gesture, ...withMembers(state, dragged) } });
  }
  if (graph && Object.keys(dropped).length > 0) {
    state.execute(placing(graph, withMembers(state, dropped)));
    state.setView({ gesture: null });
  }
  select(changes);
}

export function changeLinks(changes: readonly EdgeChange<LinkEdge>[]): void {
  select(changes);
}

function select(changes: readonly (NodeChange<CanvasNode> | EdgeChange<LinkEdge>)[]): void {
  const chosen = changes.filter((change) => change.type === "select");
  if (chosen.length === 0) return;
  const state = useEditor.getState();
  const selection = new Set(activeDocument(state)?.selection);
  for (const change of chosen) {
    if (change.selected) selection.add(change.id);
    else selection.delete(change.id);
  }
  state.select(selection);
}

/** A click without a key on one of several that are selected leaves it alone selected. */
export function clickNode(event: MouseEvent, { id }: { readonly id: string }): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const state = useEditor.getState();
  if (activeDocument(state)?.selection.has(id)) state.select([id]);
}
