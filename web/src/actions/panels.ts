import { activeDocument } from "../store/documents";
import { useEditor } from "../store/store";
import type { Action } from "./action";

const get = useEditor.getState;

export const panelActions = {
  "view.palette": { label: "palette.title", run: () => get().togglePanel("left", "palette") },
  "view.inspector": {
    label: "inspector.title",
    run: () => get().togglePanel("right", "inspector"),
  },
  "view.shortcuts": {
    label: "view.shortcuts",
    run: () => get().togglePanel("dialog", "shortcuts"),
  },
  "view.form": {
    label: "view.form",
    run: () => get().showForm(!get().form),
    enabled: (state) => activeDocument(state) !== null,
  },
} satisfies Record<string, Action>;
