/** The one store. Slices are in their own files; components read it through selectors. */

import { create } from "zustand";
import { type CanvasSlice, canvasSlice } from "./canvas";
import { type CatalogueSlice, catalogueSlice } from "./catalogue";
import { type DocumentsSlice, documentsSlice } from "./documents";
import { type LibrarySlice, librarySlice } from "./library";
import { type PastRunsSlice, pastRunsSlice } from "./pastRuns";
import { type RunsSlice, runsSlice } from "./runs";
import { type ToastsSlice, toastsSlice } from "./toasts";
import { type ToolsSlice, toolsSlice } from "./tools";
import { type ValidationSlice, validationSlice } from "./validation";
import { type ViewSlice, viewSlice } from "./view";

export type EditorState = DocumentsSlice &
  CanvasSlice &
  CatalogueSlice &
  RunsSlice &
  ToolsSlice &
  ValidationSlice &
  ViewSlice &
  LibrarySlice &
  PastRunsSlice &
  ToastsSlice;

export const useEditor = create<EditorState>()((...tools) => ({
  ...documentsSlice(...tools),
  ...canvasSlice(...tools),
  ...catalogueSlice(...tools),
  ...runsSlice(...tools),
  ...toolsSlice(...tools),
  ...validationSlice(...tools),
  ...viewSlice(...tools),
  ...librarySlice(...tools),
  ...pastRunsSlice(...tools),
  ...toastsSlice(...tools),
}));
