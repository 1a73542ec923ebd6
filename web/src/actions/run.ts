import { nthOfBatch } from "../graph/batch";
import { sameWork } from "../graph/changes";
import { levelAt } from "../graph/subgraphs";
import { activeDocument } from "../store/documents";
import { loopsOn, runNodeId, selectedNodes, shownRun } from "../store/selectors";
import { type EditorState, useEditor } from "../store/store";
import type { Action } from "./action";

const get = useEditor.getState;

const isActive = (state: EditorState) => {
  const status = shownRun(state)?.status;
  return status === "queued" || status === "running";
};

function submit(targets?: readonly string[]): void {
  drawSeeds();
  void get().submit(targets);
}

/** The selected nodes as runs know them. In the body of a loop it is the loop that is run. */
function selectedTargets(state: EditorState): string[] {
  const loop = loopsOn(state).indexOf(true);
  if (loop < 0) return selectedNodes(state).map(({ id }) => runNodeId(state, id));
  return [(activeDocument(state)?.through ?? []).slice(0, loop + 1).join("/")];
}

/**
 * Gives the seeds that are not locked new numbers, so that each run makes something else. The
 * first run of a document takes them as they are: it may be to repeat a picture.
 */
function drawSeeds(): void {
  const document = activeDocument(get());
  const level = document && levelAt(document.history.document, [], get().catalogue);
  if (!document?.run || !level) return;
  const drawn = nthOfBatch(level, 1, "random");
  if (!sameWork(level.graph, drawn)) get().replace(document.id, drawn);
}

export const runActions = {
  "run.run": {
    label: "run.run",
    run: () => submit(),
    enabled: (state) => activeDocument(state) !== null,
  },
  "run.to_selected": {
    label: "run.to_selected",
    run: () => submit(selectedTargets(get())),
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
