/** Actions on what a context menu was opened on: a link, an output, a group. */

import { GROUP_PREFIX, groupAround, membersOf, shownBoxes } from "../canvas/boxes";
import { addBend, setBends } from "../canvas/tools/bends";
import { putGroup, setNamedOutput } from "../commands/graph";
import { freshId, splitPort } from "../graph/document";
import { outputNames } from "../graph/names";
import { activeDocument, activeGraph } from "../store/documents";
import { activeLevel, picturedNodes } from "../store/selectors";
import { type EditorState, useEditor } from "../store/store";
import type { Action } from "./action";

const get = useEditor.getState;

export const menuActions = {
  "link.bend": {
    label: "link.bend",
    run: () => {
      const menu = get().lastMenu;
      if (menu?.of !== undefined) addBend(menu.of, menu.at);
    },
  },
  "link.straighten": {
    label: "link.straighten",
    run: () => setBends(get().lastMenu?.of ?? "", []),
    enabled: (state) => (state.menu ?? state.lastMenu)?.of !== undefined && isBent(state),
  },
  "output.name": {
    label: "output.name",
    run: nameOutput,
    enabled: (state) => nameOfOutput(state) === undefined,
  },
  "output.rename": {
    label: "output.rename",
    run: () => get().setCanvas({ editing: `out/${nameOfOutput(get())}` }),
    enabled: (state) => nameOfOutput(state) !== undefined,
  },
  "output.unname": {
    label: "output.unname",
    run: () => get().execute(setNamedOutput({ name: nameOfOutput(get()) ?? "" })),
    enabled: (state) => nameOfOutput(state) !== undefined,
  },
  "group.select": { label: "group.select", run: selectMembers },
  "group.fit": { label: "group.fit", run: fitGroups },
} satisfies Record<string, Action>;

function isBent(state: EditorState): boolean {
  return (activeGraph(state)?.reroutes[(state.menu ?? state.lastMenu)?.of ?? ""]?.length ?? 0) > 0;
}

function nameOfOutput(state: EditorState): string | undefined {
  const graph = activeGraph(state);
  return graph ? outputNames(graph).get((state.menu ?? state.lastMenu)?.of ?? "") : undefined;
}

function nameOutput(): void {
  const graph = activeGraph(get());
  const source = get().lastMenu?.of;
  if (!graph || source === undefined) return;
  const name = freshId(splitPort(source)[1], (wish) => wish in graph.outputs);
  get().execute(setNamedOutput({ name, source }));
  get().setCanvas({ editing: `out/${name}` });
}

function selectedGroups() {
  const graph = activeGraph(get());
  return [...(activeDocument(get())?.selection ?? [])].flatMap((id) => {
    const group = id.startsWith(GROUP_PREFIX) && graph?.groups[id.slice(GROUP_PREFIX.length)];
    return group ? [group] : [];
  });
}

function selectMembers(): void {
  const level = activeLevel(get());
  if (!level) return;
  get().select(selectedGroups().flatMap((group) => membersOf(level, group, picturedNodes(get()))));
}

/** Makes groups as large as what lies on them. */
function fitGroups(): void {
  const level = activeLevel(get());
  if (!level) return;
  const boxes = shownBoxes(get(), "all");
  const changes = selectedGroups().flatMap((group) => {
    const members = new Set(membersOf(level, group, picturedNodes(get())));
    const rect = groupAround(boxes.filter(({ id }) => members.has(id)));
    return rect ? [putGroup({ group: { ...group, rect } })] : [];
  });
  get().execute(changes);
}
