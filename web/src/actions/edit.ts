/** Actions on what is selected. */

import { GROUP_PREFIX, NOTE_PREFIX } from "../canvas/boxes";
import { LINK_PREFIX } from "../canvas/flow";
import { lastPointer, middleOfWindow, toGraph } from "../canvas/instance";
import { copySelection, duplicateSelection, pasteClipboard } from "../canvas/tools/clipboard";
import { openMenuByKey } from "../canvas/tools/menus";
import { startWiring } from "../canvas/tools/wiring";
import { removeGroups, removeNotes } from "../commands/graph";
import { disconnect } from "../commands/links";
import { removeNodes, setLook } from "../commands/nodes";
import type { Mode } from "../graph/document";
import { linksOf } from "../graph/links";
import { activeDocument, activeGraph } from "../store/documents";
import { selectedNodes } from "../store/selectors";
import { type EditorState, useEditor } from "../store/store";
import type { Action } from "./action";
import { nearCanvas } from "./focus";

const get = useEditor.getState;
const hasNodes = (state: EditorState) => selectedNodes(state).length > 0;
const hasSelection = (state: EditorState) => (activeDocument(state)?.selection.size ?? 0) > 0;
const hasThings = (state: EditorState) =>
  [...(activeDocument(state)?.selection ?? [])].some((id) => !id.startsWith(LINK_PREFIX));
const isOpen = (state: EditorState) => activeDocument(state) !== null;

export const editActions = {
  "edit.undo": {
    label: "edit.undo",
    run: () => get().undo(),
    enabled: (state) => activeDocument(state)?.history.past != null,
  },
  "edit.redo": {
    label: "edit.redo",
    run: () => get().redo(),
    enabled: (state) => activeDocument(state)?.history.future != null,
  },
  "edit.cut": {
    label: "edit.cut",
    run: () => {
      copySelection();
      removeSelection();
    },
    enabled: hasThings,
  },
  "edit.copy": { label: "edit.copy", run: copySelection, enabled: hasThings },
  "edit.paste": {
    label: "edit.paste",
    run: () => void pasteClipboard(false),
    enabled: isOpen,
  },
  "edit.paste_linked": {
    label: "edit.paste_linked",
    run: () => void pasteClipboard(true),
    enabled: isOpen,
  },
  "edit.duplicate": { label: "edit.duplicate", run: duplicateSelection, enabled: hasThings },
  "edit.delete": { label: "edit.delete", run: removeSelection, enabled: hasSelection },
  "edit.select_all": {
    label: "edit.select_all",
    run: selectAll,
  },
  "edit.add_node": {
    label: "edit.add_node",
    run: () => {
      const screen = lastPointer() ?? middleOfWindow();
      get().setView({ search: { at: toGraph(screen), screen, linking: null } });
    },
  },
  "edit.menu": {
    label: "edit.menu",
    run: openMenuByKey,
    enabled: (state) => isOpen(state) && nearCanvas(),
  },
  "link.draw": {
    label: "link.draw",
    run: startWiring,
    enabled: (state) => hasNodes(state) && nearCanvas(),
  },
  "edit.mute": { label: "edit.mute", run: () => toggleMode("muted"), enabled: hasNodes },
  "edit.bypass": { label: "edit.bypass", run: () => toggleMode("bypassed"), enabled: hasNodes },
  "edit.collapse": { label: "edit.collapse", run: toggleCollapsed, enabled: hasNodes },
} satisfies Record<string, Action>;

function selectAll(): void {
  const graph = activeGraph(get());
  if (!graph) return;
  get().select([
    ...Object.keys(graph.nodes),
    ...Object.keys(graph.groups).map((id) => GROUP_PREFIX + id),
    ...Object.keys(graph.notes).map((id) => NOTE_PREFIX + id),
  ]);
}

export function removeSelection(): void {
  const graph = activeGraph(get());
  const selection = [...(activeDocument(get())?.selection ?? [])];
  if (!graph || selection.length === 0) return;
  const chosen = new Set(selection);
  const named = (prefix: string) =>
    selection.filter((id) => id.startsWith(prefix)).map((id) => id.slice(prefix.length));
  get().execute([
    disconnect({ links: linksOf(graph).filter((link) => chosen.has(LINK_PREFIX + link.id)) }),
    removeNodes({ ids: selection }),
    removeGroups({ ids: named(GROUP_PREFIX) }),
    removeNotes({ ids: named(NOTE_PREFIX) }),
  ]);
  get().select([]);
}

/** Sets the mode on all selected nodes, or takes it from them if all have it. */
function toggleMode(mode: Mode): void {
  const nodes = selectedNodes(get());
  const all = nodes.every((node) => node.mode === mode);
  const ids = nodes.map((node) => node.id);
  get().execute(setLook({ ids, look: { mode: all ? undefined : mode } }));
}

function toggleCollapsed(): void {
  const nodes = selectedNodes(get());
  const all = nodes.every((node) => node.collapsed);
  const ids = nodes.map((node) => node.id);
  get().execute(setLook({ ids, look: { collapsed: all ? undefined : true } }));
}
