/**
 * What xyflow tells of pointer and keys, as changes of the store. While nodes are dragged only
 * the gesture changes; when they are let go one command moves them all.
 */

import type { EdgeChange, NodeChange } from "@xyflow/react";
import { moveNodes } from "../../commands/nodes";
import type { Point } from "../../graph/document";
import { activeDocument } from "../../store/documents";
import { useEditor } from "../../store/store";
import type { CardNode, LinkEdge } from "../flow";

export function changeNodes(changes: readonly NodeChange<CardNode>[]): void {
  const dragged: Record<string, Point> = {};
  const dropped: Record<string, Point> = {};
  for (const change of changes) {
    if (change.type !== "position" || !change.position) continue;
    const at: Point = [Math.round(change.position.x), Math.round(change.position.y)];
    (change.dragging ? dragged : dropped)[change.id] = at;
  }
  const { gesture, setView, execute } = useEditor.getState();
  if (Object.keys(dragged).length > 0) setView({ gesture: { ...gesture, ...dragged } });
  if (Object.keys(dropped).length > 0) {
    // Arrow keys drop at every press; quick ones are one step.
    execute(moveNodes({ positions: dropped }), gesture ? undefined : "arrow keys");
    setView({ gesture: null });
  }
  select(changes);
}

export function changeLinks(changes: readonly EdgeChange<LinkEdge>[]): void {
  select(changes);
}

function select(changes: readonly (NodeChange<CardNode> | EdgeChange<LinkEdge>)[]): void {
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
