import { boundsOf } from "../canvas/draw";
import { makeFlow } from "../canvas/flow";
import { canvas } from "../canvas/instance";
import { activeLevel } from "../store/selectors";
import { useEditor } from "../store/store";
import { isDark } from "../theme/theme";
import type { Action } from "./action";

const get = useEditor.getState;

export const viewActions = {
  "view.fit": {
    label: "view.fit",
    run: showEverything,
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

/** By the records: from afar the canvas itself has no nodes. */
function showEverything(): void {
  const level = activeLevel(get());
  if (!level) return;
  const nodes = makeFlow().nodes(level, new Set(), null, new Map());
  void canvas()?.fitBounds(boundsOf(nodes), { padding: 0.15, duration: 200 });
}
