import { api } from "../api/client";
import { ApiError } from "../api/http";
import { EMPTY_GRAPH, type Graph } from "../graph/document";
import { NotAWorkflow, readDocument, readText } from "../graph/read";
import { writeText } from "../graph/write";
import { text } from "../i18n";
import { openDialog } from "../panels/Dialog";
import { activeDocument } from "../store/documents";
import { type EditorState, useEditor } from "../store/store";
import { tell } from "../store/tell";
import { addFolderReader, addReader } from "../widgets/drop";
import type { PickedFolder } from "../widgets/folders";
import type { Action } from "./action";

const get = useEditor.getState;
const hasDocument = (state: EditorState) => activeDocument(state) !== null;

export const fileActions = {
  "doc.new": { label: "doc.new", run: () => void get().open(EMPTY_GRAPH) },
  "doc.open": { label: "doc.open", run: () => openDialog("open") },
  "doc.templates": { label: "doc.templates", run: () => openDialog("templates") },
  "doc.import": { label: "doc.import", run: chooseFiles },
  "doc.save": { label: "doc.save", run: () => void save(), enabled: hasDocument },
  "doc.save_as": { label: "doc.save_as", run: () => openDialog("save_as"), enabled: hasDocument },
  "doc.rename_saved": {
    label: "doc.rename_saved",
    run: () => openDialog("rename"),
    enabled: (state) => activeDocument(state)?.savedAs != null,
  },
  "doc.download": { label: "doc.download", run: download, enabled: hasDocument },
  "doc.versions": {
    label: "doc.versions",
    run: () => get().togglePanel("right", "versions"),
    enabled: (state) => activeDocument(state)?.savedAs != null,
  },
  "doc.close": {
    label: "doc.close",
    run: () => {
      const { active } = get();
      if (active !== null) closeTab(active);
    },
    enabled: hasDocument,
  },
  "doc.reopen": {
    label: "doc.reopen",
    run: () => get().reopen(),
    enabled: (state) => state.closed.length > 0,
  },
  "doc.next": { label: "doc.next", run: () => step(1), enabled: (state) => state.order.length > 1 },
  "doc.previous": {
    label: "doc.previous",
    run: () => step(-1),
    enabled: (state) => state.order.length > 1,
  },
  "panel.queue": { label: "panel.queue", run: () => get().togglePanel("right", "queue") },
  "panel.gallery": { label: "panel.gallery", run: () => openDialog("gallery") },
} satisfies Record<string, Action>;

/** Closes a tab; a toast takes it back. */
export function closeTab(id: string): void {
  const name = titleOf(id);
  get().close(id);
  get().notify({
    kind: "info",
    text: text("doc.closed", { name }),
    action: { label: text("edit.undo"), run: () => get().reopen(id) },
  });
}

function titleOf(id: string): string {
  const document = get().documents[id];
  return document?.history.document.name || document?.savedAs || text("app.untitled");
}

async function save(): Promise<void> {
  const document = activeDocument(get());
  if (!document) return;
  if (document.savedAs === null) return openDialog("save_as");
  await saveTo(document.id, document.savedAs);
}

/** Saves a document under a name, and tells of it; whether it was. */
export async function saveTo(id: string, name: string, revision?: number): Promise<boolean> {
  try {
    const done = await get().save(id, name, revision);
    if (done) get().notify({ kind: "good", text: text("doc.saved", { name }) });
    else openDialog("conflict");
    return done;
  } catch (error) {
    tell(error);
    return false;
  }
}

/** Gives a saved workflow another name; a toast takes it back. */
export async function renameSaved(name: string, wanted: string, title = wanted): Promise<void> {
  const before = get().library?.find((entry) => entry.name === name)?.title ?? name;
  await get().renameSaved(name, wanted, title);
  get().notify({
    kind: "good",
    text: text("doc.renamed", { name: wanted }),
    action: {
      label: text("edit.undo"),
      run: () => void renameSaved(wanted, name, before).catch(tell),
    },
  });
}

/** Opens the workflow in a JSON file or in a PNG that graphgen made. */
export async function openFiles(files: Iterable<File>): Promise<void> {
  for (const file of files) {
    try {
      get().open(named(await readFile(file), file.name), { unsaved: true });
    } catch (error) {
      if (!(error instanceof NotAWorkflow) && !(error instanceof ApiError)) throw error;
      if (await addReader(file)) continue;
      const name = file.name;
      get().notify({ kind: "bad", text: text("doc.no_workflow", { name }), hint: error.message });
    }
  }
}

/** A folder that was dropped goes to a new node that reads it, if there is such a type. */
export async function openFolder(folder: PickedFolder | null): Promise<void> {
  if (folder && (await addFolderReader(folder))) return;
  const said = folder ? text("doc.no_folder", { name: folder.name }) : text("doc.empty_folder");
  get().notify({ kind: "bad", text: said });
}

async function readFile(file: File): Promise<Graph> {
  if (/\.json$/i.test(file.name)) return readText(await file.text());
  return readDocument((await api.importFile(file)).workflow);
}

function named(graph: Graph, file: string): Graph {
  return graph.name ? graph : { ...graph, name: file.replace(/\.\w+$/, "") };
}

function chooseFiles(): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.accept = ".json,.png,application/json,image/png";
  input.onchange = () => void openFiles(input.files ?? []);
  input.click();
}

function download(): void {
  const shown = activeDocument(get());
  if (!shown) return;
  const blob = new Blob([writeText(shown.history.document)], { type: "application/json" });
  const name = shown.savedAs ?? (shown.history.document.name || "workflow");
  downloadBlob(blob, `${name.replace(/[^\p{L}\p{N} ._-]/gu, "_")}.json`);
}

function downloadBlob(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Opens the workflow of a run in a tab of its own, with what the run made. */
export async function openRun(run: string): Promise<void> {
  try {
    const workflow = await api.workflowOf(run);
    get().open(readDocument(workflow), { run, unsaved: true });
    await get().recallRuns([run]);
  } catch (error) {
    tell(error);
  }
}

function step(by: number): void {
  const { order, active, activate } = get();
  const next = order[(order.indexOf(active ?? "") + by + order.length) % order.length];
  if (next !== undefined) activate(next);
}
