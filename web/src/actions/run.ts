import { activeDocument } from "../store/documents";
import { loopsOn, runNodeId, selectedNodes, shownRun } from "../store/selectors";
import { type EditorState, useEditor } from "../store/store";
import type { Action } from "./action";

const get = useEditor.getState;

const isActive = (state: EditorState) => {
  const status = shownRun(state)?.status;
  return status === "queued" || status === "running";
};

/** The selected nodes as runs know them. In the body of a loop it is the loop that is run. */
function selectedTargets(state: EditorState): string[] {
  const loop = loopsOn(state).indexOf(true);
  if (loop < 0) return selectedNodes(state).map(({ id }) => runNodeId(state, id));
  return [(activeDocument(state)?.through ?? []).slice(0, loop + 1).join("/")];
}

export const runActions = {
  "run.run": {
    label: "run.run",
    run: () => void get().submit(),
    enabled: (state) => activeDocument(state) !== null,
  },
  "run.to_selected": {
    label: "run.to_selected",
    run: () => void get().submit(selectedTargets(get())),
    enabled: (state) => selectedNodes(state).length > 0,
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
