/** Every action of the editor, by its name. */

import { useEditor } from "../store/store";
import type { Action } from "./action";
import { arrangeActions } from "./arrange";
import { editActions } from "./edit";
import { fileActions } from "./file";
import { menuActions } from "./menu";
import { nestActions } from "./nest";
import { panelActions } from "./panels";
import { runActions } from "./run";
import { viewActions } from "./view";

const all = {
  ...fileActions,
  ...editActions,
  ...arrangeActions,
  ...nestActions,
  ...menuActions,
  ...viewActions,
  ...panelActions,
  ...runActions,
};

export type ActionName = keyof typeof all;
export const actions: Readonly<Record<ActionName, Action>> = all;

/** Does it, unless it can't be done now; whether it was done. */
export function perform(name: ActionName): boolean {
  const { run, enabled } = actions[name];
  if (enabled && !enabled(useEditor.getState())) return false;
  run();
  return true;
}

export const useEnabled = (name: ActionName): boolean =>
  useEditor((state) => actions[name].enabled?.(state) ?? true);
