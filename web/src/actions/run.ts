import { activeDocument } from "../store/documents";
import { selectedNodes, shownRun } from "../store/selectors";
import { type EditorState, useEditor } from "../store/store";
import type { Action } from "./action";

const get = useEditor.getState;

const isActive = (state: EditorState) => {
  const status = shownRun(state)?.status;
  return status === "queued" || status === "running";
};

export const runActions = {
  "run.run": {
    label: "run.run",
    run: () => void get().submit(),
    enabled: (state) => activeDocument(state) !== null,
  },
  "run.to_selected": {
    label: "run.to_selected",
    run: () => void get().submit(selectedNodes(get()).map((node) => node.id)),
    // Targets are nodes of the document itself.
    enabled: (state) => selectedNodes(state).length > 0 && activeDocument(state)?.path.length === 0,
  },
  "run.cancel": {
    label: "run.cancel",
    run: () => {
      const run = shownRun(get());
      if (run) void get().cancel(run.id);
    },
    enabled: isActive,
  },
} satisfies Record<string, Action>;
