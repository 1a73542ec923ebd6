/** Where cards, groups and notes are, as rectangles by their ids on the canvas. */

import { around, type Box, inside } from "../graph/boxes";
import type { Graph, GroupRecord, Rect } from "../graph/document";
import { drawnSpec } from "../graph/ghost";
import type { Level } from "../graph/subgraphs";
import { activeDocument } from "../store/documents";
import type { Shown } from "../store/results";
import { activeLevel, picturedNodes } from "../store/selectors";
import type { EditorState } from "../store/store";
import { layoutOf } from "./geometry";

export const GROUP_PREFIX = "group/";
export const NOTE_PREFIX = "note/";

type Pictured = ReadonlyMap<string, Shown>;

/** Every card of a level, with the size that it is drawn at. */
export function cardBoxes(level: Level, pictured: Pictured): Box[] {
  return Object.values(level.graph.nodes).map((node): Box => {
    const { width, height } = layoutOf(node, drawnSpec(level, node), pictured.get(node.id));
    return { id: node.id, rect: [...node.position, width, height] };
  });
}

/** Every group and note. */
export function frameBoxes({ groups, notes }: Graph): Box[] {
  return [
    ...Object.values(groups).map(({ id, rect }) => ({ id: GROUP_PREFIX + id, rect })),
    ...Object.values(notes).map(({ id, rect }) => ({ id: NOTE_PREFIX + id, rect })),
  ];
}

/** What the shown level has, all of it or what is selected. */
export function shownBoxes(state: EditorState, which: "all" | "selected"): Box[] {
  const level = activeLevel(state);
  if (!level) return [];
  const boxes = [...frameBoxes(level.graph), ...cardBoxes(level, picturedNodes(state))];
  if (which === "all") return boxes;
  const selection = activeDocument(state)?.selection;
  return boxes.filter((box) => selection?.has(box.id));
}

/** What lies on a group and moves with it: cards by their middle, frames as a whole. */
export function membersOf(level: Level, group: GroupRecord, pictured: Pictured): string[] {
  const cards = cardBoxes(level, pictured).filter(({ rect }) => inside(middle(rect), group.rect));
  const frames = frameBoxes(level.graph).filter(({ id, rect }) => {
    return id !== GROUP_PREFIX + group.id && inside(rect, group.rect);
  });
  return [...cards, ...frames].map(({ id }) => id);
}

function middle([x, y, width, height]: Rect): Rect {
  return [x + width / 2, y + height / 2, 0, 0];
}

/** Room between a group's border and what it was made around; on top there is its title. */
const GROUP_MARGIN = 20;
const GROUP_TITLE = 40;

/** The rectangle of a group around boxes. */
export function groupAround(boxes: readonly Box[]): Rect | null {
  const frame = around(boxes);
  if (!frame) return null;
  const [x, y, width, height] = frame;
  const above = GROUP_MARGIN + GROUP_TITLE;
  return [x - GROUP_MARGIN, y - above, width + 2 * GROUP_MARGIN, height + above + GROUP_MARGIN];
}
