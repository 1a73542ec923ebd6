/** Files that are dropped: on a node they go to its input that takes one, else to a new node. */

import { ApiError } from "../api/http";
import { middleOfView } from "../canvas/instance";
import { addNodes, setInput } from "../commands/nodes";
import type { Catalogue, InputSpec, NodeSpec } from "../graph/catalogue";
import { newNode } from "../graph/create";
import type { NodeRecord } from "../graph/document";
import { drawnSpec } from "../graph/ghost";
import { isLinked } from "../graph/links";
import { activeLevel } from "../store/selectors";
import { useEditor } from "../store/store";
import { fileValue, send, type Upload } from "./FilePicker";
import { droppedFolder, type PickedFolder } from "./folders";
import { hasSuffix, suffixesOf, suffixLength } from "./suffixes";
import { unwrapSchema } from "./widget";

const SHOWN = /^image\/(png|jpeg|gif|webp|bmp|avif)$/;

export function hasFiles(event: { dataTransfer: DataTransfer | null }): boolean {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

/** Listens on the window before anything else; returns how to stop. */
export function listenForDrops(): () => void {
  let marked: Element | null = null;
  const mark = (element: Element | null) => {
    if (element === marked) return;
    marked?.classList.remove("takes-drop");
    element?.classList.add("takes-drop");
    marked = element;
  };
  const onDragOver = (event: DragEvent) => {
    const found = targetOf(event);
    mark(found?.element ?? null);
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onDrop = (event: DragEvent) => {
    mark(null);
    const found = targetOf(event);
    if (!found) return;
    const folder = found.spec.schema.folders === true ? droppedFolder(event.dataTransfer) : null;
    const given = folder ?? event.dataTransfer?.files[0];
    if (!given) return;
    event.preventDefault();
    event.stopPropagation();
    void take(given, found.node, found.input, found.spec);
  };
  const onDragLeave = (event: DragEvent) => event.relatedTarget === null && mark(null);
  window.addEventListener("dragover", onDragOver, true);
  window.addEventListener("drop", onDrop, true);
  window.addEventListener("dragleave", onDragLeave, true);
  return () => {
    window.removeEventListener("dragover", onDragOver, true);
    window.removeEventListener("drop", onDrop, true);
    window.removeEventListener("dragleave", onDragLeave, true);
  };
}

function targetOf(event: DragEvent) {
  const at = event.target instanceof Element ? event.target : null;
  if (!hasFiles(event) || !at || at.closest("[data-file-drop]")) return null;
  const element = at.closest("[data-node]");
  const node = element?.getAttribute("data-node");
  const level = activeLevel(useEditor.getState());
  const record = node ? level?.graph.nodes[node] : undefined;
  if (!element || !level || !record) return null;
  // Names are told when they are dropped, not before.
  const name = event.dataTransfer?.files[0]?.name;
  const found = fileInput(record, drawnSpec(level, record).inputs, name);
  return found && { element, node: record.id, input: found[0], spec: found[1] };
}

/**
 * The input that a dropped file is for: an empty one that is needed, else any not linked;
 * among those that are for files of such a name, if any are.
 */
export function fileInput(
  node: Pick<NodeRecord, "inputs">,
  inputs: Readonly<Record<string, InputSpec>>,
  file?: string,
): [string, InputSpec] | null {
  const free = Object.entries(inputs).filter(
    ([name, { schema, type }]) =>
      schema.widget === "file" && type.depth === 0 && !isLinked(node.inputs[name]),
  );
  const meant = free.filter(([, { schema }]) => !file || hasSuffix(file, suffixesOf(schema)));
  const takers = meant.length > 0 ? meant : free;
  const empty = takers.filter(([name]) => !node.inputs[name]);
  return empty.find(([, spec]) => spec.required) ?? takers.at(0) ?? null;
}

async function take(given: Upload, node: string, input: string, spec: InputSpec): Promise<void> {
  try {
    const found = await given;
    if (!found) return;
    const { name } = await send(found);
    const value = fileValue(name, unwrapSchema(spec.schema).schema.type);
    useEditor.getState().execute(setInput({ node, input, value }));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const refused = error.problems.map((problem) => ({ ...problem, node, port: input }));
    useEditor.setState({ refused });
  }
}

/**
 * Adds a node that reads a file which is no workflow, such as a photograph, to the middle of
 * the view; whether there is a type of node for it.
 */
export async function addReader(file: File): Promise<boolean> {
  const level = activeLevel(useEditor.getState());
  const spec = level && readerOf(level.catalogue, file);
  return spec != null && (await isWhole(file)) && (await addTo(spec, file));
}

/** Adds a node that reads a folder; whether there is a type of node for it. */
export async function addFolderReader(folder: PickedFolder): Promise<boolean> {
  const level = activeLevel(useEditor.getState());
  const spec = level && folderReader(level.catalogue);
  return spec != null && (await addTo(spec, folder));
}

async function addTo(spec: NodeSpec, given: File | PickedFolder): Promise<boolean> {
  const level = activeLevel(useEditor.getState());
  const found = fileInput({ inputs: {} }, spec.inputs, given.name);
  if (!level || !found) return false;
  const node = newNode(level.graph, spec, middleOfView());
  const { execute, select } = useEditor.getState();
  execute(addNodes({ nodes: [node] }));
  select([node.id]);
  await take(given, node.id, ...found);
  return true;
}

/** Whether a picture can be shown, if browsers show its kind; of other files nobody knows. */
async function isWhole(file: File): Promise<boolean> {
  if (!SHOWN.test(file.type)) return true;
  try {
    (await createImageBitmap(file)).close();
    return true;
  } catch {
    return false;
  }
}

/**
 * The type of node that needs a file and nothing else: the one that is for the longest ending
 * of its name, else one that makes what its media type says.
 */
export function readerOf(
  catalogue: Catalogue,
  { name, type }: Pick<File, "name" | "type">,
): NodeSpec | undefined {
  const [kind = ""] = type.split("/", 1);
  let best: NodeSpec | undefined;
  let most = 0;
  for (const spec of catalogue.nodes.values()) {
    const needed = Object.values(spec.inputs).filter(({ required }) => required);
    const [input] = needed;
    if (!input || needed.length > 1 || !isPlainFile(input)) continue;
    const makes = Object.values(spec.outputs).some((output) => output.type.names.includes(kind));
    const fits = 2 * suffixLength(name, suffixesOf(input.schema)) + (makes ? 1 : 0);
    if (fits > most) [best, most] = [spec, fits];
  }
  return best;
}

/** The type of node that needs a file or folder and nothing else. */
export function folderReader(catalogue: Catalogue): NodeSpec | undefined {
  return [...catalogue.nodes.values()].find(({ inputs }) => {
    const needed = Object.values(inputs).filter(({ required }) => required);
    return needed.length === 1 && isPlainFile(needed[0]) && needed[0]?.schema.folders === true;
  });
}

function isPlainFile(input: InputSpec | undefined): boolean {
  return input?.schema.widget === "file" && input.schema.type === "string";
}
