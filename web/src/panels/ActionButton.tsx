/** A button for an action, with its shortcut in the tooltip; without an icon its label is shown. */

import { type ActionName, actions, perform, useEnabled } from "../actions";
import { useText } from "../i18n";
import { SHORTCUTS, showKeys } from "../shortcuts";
import { Icon, type IconName } from "./Icon";

export function ActionButton({ action, icon }: { action: ActionName; icon?: IconName }) {
  const t = useText();
  const enabled = useEnabled(action);
  const label = t(actions[action].label);
  const keys = SHORTCUTS.find((shortcut) => shortcut.action === action)?.keys;
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      title={keys ? `${label}  ${showKeys(keys)}` : label}
      disabled={!enabled}
      data-action={action}
      onClick={() => perform(action)}
    >
      {icon ? <Icon name={icon} /> : label}
    </button>
  );
}
