/** Groups and notes as xyflow draws them: groups behind everything, notes among the cards. */

import type { Graph, GroupRecord, NoteRecord } from "../graph/document";
import { GROUP_PREFIX, NOTE_PREFIX } from "./boxes";
import type { FrameNode, Gestures } from "./flow";

/** Behind links, which are at 0. */
const BEHIND = -1000;
/** Only the title of a group is there for the pointer; on the rest one pans and selects. */
const OPEN = { pointerEvents: "none" } as const;

export function framesOf(
  graph: Graph,
  selection: ReadonlySet<string>,
  gestures: Gestures,
  before: ReadonlyMap<string, FrameNode>,
): Map<string, FrameNode> {
  const frames = new Map<string, FrameNode>();
  const add = (id: string, frame: GroupRecord | NoteRecord, type: "frame" | "note") => {
    const made = toFrame(id, frame, type, selection.has(id), gestures);
    const known = before.get(id);
    frames.set(id, known && sameFrame(known, made) ? known : made);
  };
  // Larger ones first, so that a group within another one can be taken.
  const groups = Object.values(graph.groups).sort((a, b) => area(b) - area(a));
  for (const group of groups) add(GROUP_PREFIX + group.id, group, "frame");
  for (const note of Object.values(graph.notes)) add(NOTE_PREFIX + note.id, note, "note");
  return frames;
}

function toFrame(
  id: string,
  { rect, colour }: GroupRecord | NoteRecord,
  type: "frame" | "note",
  selected: boolean,
  { moved, resizing }: Gestures,
): FrameNode {
  const [x, y] = moved?.[id] ?? [rect[0], rect[1]];
  const [width, height] = resizing?.id === id ? resizing.size : [rect[2], rect[3]];
  const group = type === "frame";
  return {
    id,
    type,
    position: { x, y },
    data: { colour },
    selected,
    width,
    height,
    measured: { width, height },
    connectable: false,
    // A box drawn across a group means what is on it, so groups are chosen by their title.
    ...(group && { selectable: false, dragHandle: ".group-title", zIndex: BEHIND, style: OPEN }),
  };
}

function sameFrame(a: FrameNode, b: FrameNode): boolean {
  return (
    a.position.x === b.position.x &&
    a.position.y === b.position.y &&
    a.width === b.width &&
    a.height === b.height &&
    a.selected === b.selected &&
    a.data.colour === b.data.colour
  );
}

function area({ rect }: GroupRecord): number {
  return rect[2] * rect[3];
}
