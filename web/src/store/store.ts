/** The one store. Slices are in their own files; components read it through selectors. */

import { create } from "zustand";
import { type CatalogueSlice, catalogueSlice } from "./catalogue";
import { type DocumentsSlice, documentsSlice } from "./documents";
import { type RunsSlice, runsSlice } from "./runs";
import { type ViewSlice, viewSlice } from "./view";

export type EditorState = DocumentsSlice & CatalogueSlice & RunsSlice & ViewSlice;

export const useEditor = create<EditorState>()((...tools) => ({
  ...documentsSlice(...tools),
  ...catalogueSlice(...tools),
  ...runsSlice(...tools),
  ...viewSlice(...tools),
}));
