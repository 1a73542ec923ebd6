import { shownBoxes } from "../canvas/boxes";
import { showBoxes } from "../canvas/tools/looking";
import { useEditor } from "../store/store";
import { isDark } from "../theme/theme";
import type { Action } from "./action";

const get = useEditor.getState;

export const viewActions = {
  "view.fit": {
    label: "view.fit",
    // By the records: from afar the canvas itself has no nodes.
    run: () => showBoxes(shownBoxes(get(), "all")),
  },
  "view.theme": {
    label: "view.theme",
    run: () => get().setView({ theme: isDark(get().theme) ? "light" : "dark" }),
  },
  "view.language": {
    label: "view.language",
    run: () => get().setView({ locale: get().locale === "en" ? "zh" : "en" }),
  },
} satisfies Record<string, Action>;
