/** Opens a workflow as a form by its name: a saved one, or else a template. */

import { api } from "../../api/client";
import { ApiError } from "../../api/http";
import { readDocument } from "../../graph/read";
import { useEditor } from "../../store/store";

export async function openForm(name: string): Promise<void> {
  const { open, showForm } = useEditor.getState();
  try {
    const { workflow, revision } = await api.saved(name);
    open(readDocument(workflow), { savedAs: name, revision });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    const found = await template(name);
    if (found) open(found);
    else useEditor.setState({ formMissing: name });
  }
  showForm(true);
}

async function template(name: string) {
  try {
    return readDocument((await api.template(name)).workflow);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
