/** What is open for the widgets: the menu of an input, and the form in place of the graph. */

import type { StateCreator } from "zustand";
import type { EditorState } from "./store";

/** The menu of one input of a node of the shown level, at a place of the window. */
export interface InputMenu {
  readonly node: string;
  readonly input: string;
  readonly x: number;
  readonly y: number;
}

export interface ToolsSlice {
  readonly inputMenu: InputMenu | null;
  /** The named inputs as a plain form, in place of the graph. */
  readonly form: boolean;
  /** A workflow whose form was asked for by the address, and that is not there. */
  readonly formMissing: string | null;

  openInputMenu(menu: InputMenu | null): void;
  showForm(form: boolean): void;
}

export const toolsSlice: StateCreator<EditorState, [], [], ToolsSlice> = (set) => ({
  inputMenu: null,
  form: typeof location !== "undefined" && new URLSearchParams(location.search).has("form"),
  formMissing: null,
  openInputMenu: (inputMenu) => set({ inputMenu }),
  showForm: (form) => set({ form }),
});
