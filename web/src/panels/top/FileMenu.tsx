/** The menu of the application: what one does with whole workflows. */

import { Fragment, useRef, useState } from "react";
import { type ActionName, actions, perform, useEnabled } from "../../actions";
import { useText } from "../../i18n";
import { SHORTCUTS, showKeys } from "../../shortcuts";
import { Icon } from "../Icon";
import { Popover } from "../Popover";

const GROUPS: readonly (readonly ActionName[])[] = [
  ["doc.new", "doc.open", "doc.templates", "doc.import"],
  ["doc.save", "doc.save_as", "doc.rename_saved", "doc.download", "doc.versions"],
  ["doc.close", "doc.reopen"],
  ["panel.queue", "panel.gallery", "view.form"],
  ["view.palette", "view.inspector", "view.shortcuts"],
  ["view.theme", "view.language"],
];

export function FileMenu() {
  const t = useText();
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const anchor = open ? button.current?.getBoundingClientRect() : undefined;
  return (
    <>
      <button
        ref={button}
        type="button"
        className="menu-button"
        aria-label={t("app.menu")}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <img className="logo" src="/icon.svg" alt="" />
        <Icon name="down" />
      </button>
      {anchor && (
        <Popover
          anchor={anchor}
          label={t("app.menu")}
          className="menu"
          onClose={() => setOpen(false)}
        >
          {GROUPS.map((group, index) => (
            <Fragment key={group[0]}>
              {index > 0 && <hr />}
              {group.map((action) => (
                <MenuItem key={action} action={action} onDone={() => setOpen(false)} />
              ))}
            </Fragment>
          ))}
        </Popover>
      )}
    </>
  );
}

function MenuItem({ action, onDone }: { action: ActionName; onDone: () => void }) {
  const t = useText();
  const enabled = useEnabled(action);
  const keys = SHORTCUTS.find((shortcut) => shortcut.action === action)?.keys;
  return (
    <button
      type="button"
      className="menu-item"
      data-action={action}
      disabled={!enabled}
      onClick={() => {
        onDone();
        perform(action);
      }}
    >
      <span>{t(actions[action].label)}</span>
      {keys && <kbd>{showKeys(keys)}</kbd>}
    </button>
  );
}
