/** Every action of the editor, by its name. */

import { useEditor } from "../store/store";
import type { Action } from "./action";
import { editActions } from "./edit";
import { panelActions } from "./panels";
import { runActions } from "./run";
import { viewActions } from "./view";

const all = { ...editActions, ...viewActions, ...panelActions, ...runActions };

export type ActionName = keyof typeof all;
export const actions: Readonly<Record<ActionName, Action>> = all;

export function perform(name: ActionName): void {
  const { run, enabled } = actions[name];
  if (!enabled || enabled(useEditor.getState())) run();
}

export const useEnabled = (name: ActionName): boolean =>
  useEditor((state) => actions[name].enabled?.(state) ?? true);
