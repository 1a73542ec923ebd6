/** Lays out the selected nodes, or all, where they are now; groups go along with theirs. */

import { putGroup, setReroute } from "../../commands/graph";
import { moveNodes } from "../../commands/nodes";
import { around, type Box } from "../../graph/boxes";
import type { Point } from "../../graph/document";
import { drawnSpec } from "../../graph/ghost";
import { linksOf } from "../../graph/links";
import type { Level } from "../../graph/subgraphs";
import { activeDocument } from "../../store/documents";
import { activeLevel, picturedNodes, selectedNodes } from "../../store/selectors";
import { useEditor } from "../../store/store";
import { cardBoxes, GROUP_PREFIX, membersOf, shownBoxes } from "../boxes";
import { layoutOf } from "../geometry";
import { type Laid, type LayoutBox, layered } from "./elk";
import { showBoxes } from "./looking";

export async function layOut(): Promise<void> {
  const state = useEditor.getState();
  const level = activeLevel(state);
  if (!level) return;
  const document = activeDocument(state);
  const chosen = selectedNodes(state).map((node) => node.id);
  const all = chosen.length < 2;
  const ids = new Set(all ? Object.keys(level.graph.nodes) : chosen);
  const boxes = boxesFor(level, ids, all);
  const links = linksOf(level.graph).filter(
    ({ source, target }) => ids.has(source) && ids.has(target),
  );
  const laid = await layered(boxes, links.filter(drawn(boxes)));
  // Who went elsewhere in the meantime does not want this any more.
  if (activeLevel(useEditor.getState())?.graph.nodes !== level.graph.nodes) return;
  const { execute } = useEditor.getState();
  execute(changes(level, ids, laid));
  if (all && activeDocument(useEditor.getState())?.id === document?.id) {
    showBoxes(shownBoxes(useEditor.getState(), "all"));
  }
}

function boxesFor(level: Level, ids: ReadonlySet<string>, withGroups: boolean): LayoutBox[] {
  const pictured = picturedNodes(useEditor.getState());
  const groups = new Map<string, string>();
  for (const group of withGroups ? Object.values(level.graph.groups) : []) {
    for (const id of membersOf(level, group, pictured)) {
      if (!groups.has(id)) groups.set(id, GROUP_PREFIX + group.id);
    }
  }
  return Object.values(level.graph.nodes).flatMap((node): LayoutBox[] => {
    if (!ids.has(node.id)) return [];
    const { width, height, inputs, outputs } = layoutOf(
      node,
      drawnSpec(level, node),
      pictured.get(node.id),
    );
    const group = groups.get(node.id) ?? null;
    return [{ id: node.id, size: [width, height], group, inputs, outputs }];
  });
}

/** Links to ports that are not there any more have no place to start or end. */
function drawn(boxes: readonly LayoutBox[]) {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  return (link: { source: string; output: string; target: string; input: string }) =>
    link.output in (byId.get(link.source)?.outputs ?? {}) &&
    link.input in (byId.get(link.target)?.inputs ?? {});
}

/** The new places, as one step, with the top left corner where it was. */
function changes(level: Level, ids: ReadonlySet<string>, { cards, groups }: Laid) {
  const { graph } = level;
  const before = around(cardBoxes(level, new Map()).filter((box) => ids.has(box.id)));
  const laid: Box[] = Object.entries(cards).map(([id, [x, y]]) => ({ id, rect: [x, y, 0, 0] }));
  const after = around(laid);
  const by: Point = before && after ? [before[0] - after[0], before[1] - after[1]] : [0, 0];
  const positions = Object.entries(cards).map(([id, [x, y]]) => [id, [x + by[0], y + by[1]]]);
  // Bends were made for where the cards were.
  const bent = linksOf(graph).filter(({ id, source, target }) => {
    return id in graph.reroutes && ids.has(source) && ids.has(target);
  });
  return [
    moveNodes({ positions: Object.fromEntries(positions) as Record<string, Point> }),
    ...Object.entries(groups).flatMap(([id, [x, y, width, height]]) => {
      const group = graph.groups[id.slice(GROUP_PREFIX.length)];
      const rect = [x + by[0], y + by[1], width, height] as const;
      return group ? [putGroup({ group: { ...group, rect } })] : [];
    }),
    ...bent.map(({ id }) => setReroute({ link: id, points: [] })),
  ];
}
