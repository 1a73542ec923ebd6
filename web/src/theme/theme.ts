/** Light or dark: what the user chose, or else what the system says. */

import { useEditor } from "../store/store";
import type { Theme } from "../store/view";

const system = () => window.matchMedia("(prefers-color-scheme: dark)");

export function isDark(theme: Theme): boolean {
  return theme === "system" ? system().matches : theme === "dark";
}

/** Keeps `data-theme` of the page up to date. */
export function followTheme(): void {
  const show = () => {
    document.documentElement.dataset.theme = isDark(useEditor.getState().theme) ? "dark" : "light";
  };
  show();
  system().addEventListener("change", show);
  useEditor.subscribe((state, before) => state.theme !== before.theme && show());
}
