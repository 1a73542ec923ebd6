/** New places for cards, groups and notes; what lies on a group goes with it. */

import type { Change } from "../../commands/command";
import { putGroup, putNote, setReroute } from "../../commands/graph";
import { moveNodes } from "../../commands/nodes";
import type { Positions } from "../../graph/boxes";
import type { Graph, Point, Rect } from "../../graph/document";
import { bendsAlong } from "../../graph/dots";
import { activeLevel, picturedNodes } from "../../store/selectors";
import type { EditorState } from "../../store/store";
import { GROUP_PREFIX, membersOf, NOTE_PREFIX } from "../boxes";

type Places = Readonly<Record<string, Point>>;

/** The places with those of the members of groups among them, which keep theirs if given. */
export function withMembers(state: EditorState, places: Places): Places {
  const level = activeLevel(state);
  const all: Positions = { ...places };
  for (const [id, [x, y]] of Object.entries(places)) {
    const group = level?.graph.groups[id.slice(GROUP_PREFIX.length)];
    if (!level || !group || !id.startsWith(GROUP_PREFIX)) continue;
    const [dx, dy] = [x - group.rect[0], y - group.rect[1]];
    for (const member of membersOf(level, group, picturedNodes(state))) {
      const at = placeOf(level.graph, member);
      if (at) all[member] ??= [at[0] + dx, at[1] + dy];
    }
  }
  return all;
}

/** The changes that put things at their places. */
export function placing(graph: Graph, places: Places): Change[] {
  const nodes = Object.entries(places).filter(([id]) => id in graph.nodes);
  const frames = Object.entries(places).flatMap(([id, at]): Change[] => {
    const group = id.startsWith(GROUP_PREFIX) && graph.groups[id.slice(GROUP_PREFIX.length)];
    if (group) return unmoved(group.rect, at) ? [] : [putGroup({ group: moved(group, at) })];
    const note = id.startsWith(NOTE_PREFIX) && graph.notes[id.slice(NOTE_PREFIX.length)];
    return note && !unmoved(note.rect, at) ? [putNote({ note: moved(note, at) })] : [];
  });
  const positions = Object.fromEntries(nodes);
  const bends = Object.entries(bendsAlong(graph, positions)).map(([link, points]) =>
    setReroute({ link, points }),
  );
  return [moveNodes({ positions }), ...frames, ...bends];
}

/** Where a card or a frame is. */
export function placeOf(graph: Graph, id: string): Point | null {
  const node = graph.nodes[id];
  if (node) return node.position;
  const group = id.startsWith(GROUP_PREFIX) && graph.groups[id.slice(GROUP_PREFIX.length)];
  const note = id.startsWith(NOTE_PREFIX) && graph.notes[id.slice(NOTE_PREFIX.length)];
  const rect = (group || note || undefined)?.rect;
  return rect ? [rect[0], rect[1]] : null;
}

function moved<T extends { readonly rect: Rect }>(frame: T, [x, y]: Point): T {
  return { ...frame, rect: [x, y, frame.rect[2], frame.rect[3]] };
}

function unmoved(rect: Rect, [x, y]: Point): boolean {
  return rect[0] === x && rect[1] === y;
}
