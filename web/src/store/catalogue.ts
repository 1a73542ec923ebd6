/** The node types and port types of the server. */

import type { StateCreator } from "zustand";
import { type Catalogue, type CatalogueAnswer, makeCatalogue } from "../graph/catalogue";
import type { EditorState } from "./store";

export interface CatalogueSlice {
  /** Empty until the server has answered. */
  readonly catalogue: Catalogue;
  setCatalogue(answer: CatalogueAnswer): void;
}

export const catalogueSlice: StateCreator<EditorState, [], [], CatalogueSlice> = (set) => ({
  catalogue: makeCatalogue({ nodes: [], types: [], packs: [] }),
  setCatalogue: (answer) => set({ catalogue: makeCatalogue(answer) }),
});
