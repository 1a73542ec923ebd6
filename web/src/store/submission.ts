/** Submitting documents to the server, one after the other. */

import { api } from "../api/client";
import { ApiError } from "../api/http";
import { nthOfBatch, takeDrawn } from "../graph/batch";
import { sameWork } from "../graph/changes";
import type { Graph } from "../graph/document";
import { levelAt } from "../graph/subgraphs";
import { writeForRun } from "../graph/write";
import { withResults } from "./runEvents";
import { type EditorState, useEditor } from "./store";
import { tell } from "./tell";

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs the active document as often as the batch says, or only what `targets` (nodes of its
 * top level) need. What was submitted before is accepted or refused first.
 */
export function submitActive(targets?: readonly string[]): Promise<void> {
  const { active } = useEditor.getState();
  const submitting = last.then(() => (active === null ? undefined : submit(active, targets)));
  last = submitting.catch(() => {});
  return submitting;
}

async function submit(id: string, targets?: readonly string[]): Promise<void> {
  const { catalogue, batch, seedMode, documents } = useEditor.getState();
  const document = documents[id];
  const level = document && levelAt(document.history.document, [], catalogue);
  if (!level) return;
  useEditor.setState({ refused: [] });
  // The first run of a document takes its seeds as they are: it may be to repeat a picture.
  const drawn = nthOfBatch(level, document.run ? 1 : 0, "random");
  try {
    for (let index = 0; index < batch; index += 1) {
      const graph = nthOfBatch({ ...level, graph: drawn }, index, seedMode);
      const accepted = await api.submit({
        workflow: writeForRun(graph),
        name: graph.name,
        ...(targets && { targets }),
      });
      if (index === 0) showDrawn(id, level.graph, drawn);
      noteAccepted(id, accepted.run_id, index === 0);
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 422) useEditor.setState({ refused: error.problems });
    else tell(error);
  }
}

/** Shows the seeds that a run has, which the server has accepted: a refused one changes none. */
function showDrawn(id: string, before: Graph, drawn: Graph): void {
  const { documents, replace } = useEditor.getState();
  const now = documents[id]?.history.document;
  if (now && !sameWork(before, drawn)) replace(id, takeDrawn(now, before, drawn));
}

function noteAccepted(id: string, run: string, first: boolean): void {
  const { getState, setState } = useEditor;
  setState(({ owners }) => ({ owners: { ...owners, [run]: id } }));
  // The first is shown at once; the others when they begin.
  const begun = (getState().runs[run]?.status ?? "queued") !== "queued";
  if (first || begun) getState().patchDocument(id, { run });
  // A quick one is over before the answer is here: its events found no document.
  setState((state) => ({ documents: withOutputs(state, id, run) }));
}

/** The documents, one of which shows what a run made, if it did. */
export function withOutputs(
  { runs, documents }: Pick<EditorState, "runs" | "documents">,
  id: string,
  run: string,
): EditorState["documents"] {
  const document = documents[id];
  if (!document || Object.keys(runs[run]?.outputs ?? {}).length === 0) return documents;
  const results = withResults(document.results, run, runs);
  return { ...documents, [id]: { ...document, results } };
}
