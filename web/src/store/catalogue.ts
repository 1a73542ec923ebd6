/** The node types and port types of the server, and the editor modules of packs. */

import type { StateCreator } from "zustand";
import {
  type Catalogue,
  type CatalogueAnswer,
  makeCatalogue,
  type Problem,
} from "../graph/catalogue";
import type { EditorState } from "./store";

export interface CatalogueSlice {
  /** Empty until the server has answered. */
  readonly catalogue: Catalogue;
  /** Why an editor module could not be used, by its pack. */
  readonly moduleProblems: Readonly<Record<string, Problem>>;
  setCatalogue(answer: CatalogueAnswer): void;
  noteModuleProblem(pack: string, problem: Problem): void;
}

export const catalogueSlice: StateCreator<EditorState, [], [], CatalogueSlice> = (set) => ({
  catalogue: makeCatalogue({ nodes: [], types: [], packs: [] }),
  moduleProblems: {},
  setCatalogue: (answer) => set({ catalogue: makeCatalogue(answer) }),
  noteModuleProblem: (pack, problem) =>
    set(({ moduleProblems }) => ({ moduleProblems: { ...moduleProblems, [pack]: problem } })),
});
