/** The menu of the canvas, of what is selected, of a link, or of an output. */

import type { KeyboardEvent } from "react";
import { flushSync } from "react-dom";
import { type ActionName, actions, perform } from "../../actions";
import { useText } from "../../i18n";
import { SHORTCUTS, showKeys } from "../../shortcuts";
import { activeDocument } from "../../store/documents";
import { useEditor } from "../../store/store";
import { Icon, type IconName } from "../Icon";
import { Popover } from "../Popover";
import { Colours } from "./Colours";
import { type Section, sectionsOf } from "./entries";

const NOTHING: ReadonlySet<string> = new Set();

export function ContextMenu() {
  const t = useText();
  const menu = useEditor((state) => state.menu);
  const selection = useEditor((state) => activeDocument(state)?.selection ?? NOTHING);
  if (!menu) return null;
  const [x, y] = menu.screen;
  const sections = sectionsOf(menu, selection).filter(
    (section) => section.kind !== "actions" || section.names.some(usable),
  );
  return (
    <Popover
      key={menu.screen.join()}
      anchor={{ left: x, right: x, top: y, bottom: y }}
      label={t("menu.title")}
      className="menu context-menu"
      onClose={closeMenu}
    >
      <div role="menu" aria-label={t("menu.title")} tabIndex={-1} onKeyDown={onArrows}>
        {sections.map((section, index) => (
          <Part key={index} section={section} />
        ))}
      </div>
    </Popover>
  );
}

function Part({ section }: { section: Section }) {
  switch (section.kind) {
    case "colours":
      return <Colours onDone={closeMenu} />;
    case "icons":
      return (
        <div className="menu-icons">
          {section.names.map(([name, icon]) => (
            <IconEntry key={name} name={name} icon={icon} />
          ))}
        </div>
      );
    case "actions":
      return (
        <div className="menu-part">
          {section.names.filter(usable).map((name) => (
            <Entry key={name} name={name} />
          ))}
        </div>
      );
  }
}

function Entry({ name }: { name: ActionName }) {
  const t = useText();
  const { label, checked } = actions[name];
  const on = useEditor((state) => checked?.(state));
  const keys = SHORTCUTS.find((shortcut) => shortcut.action === name)?.keys;
  return (
    <button
      type="button"
      role={on === undefined ? "menuitem" : "menuitemcheckbox"}
      {...(on !== undefined && { "aria-checked": on })}
      data-action={name}
      onClick={() => choose(name)}
    >
      {t(label)}
      {on && <Icon name="check" />}
      {keys && <kbd>{showKeys(keys)}</kbd>}
    </button>
  );
}

function IconEntry({ name, icon }: { name: ActionName; icon: IconName }) {
  const t = useText();
  const label = t(actions[name].label);
  return (
    <button
      type="button"
      role="menuitem"
      aria-label={label}
      title={label}
      disabled={!usable(name)}
      data-action={name}
      onClick={() => choose(name)}
    >
      <Icon name={icon} />
    </button>
  );
}

/** Closed first, with the focus back: actions look at where it is, and some open things. */
function choose(name: ActionName): void {
  const menu = useEditor.getState().menu;
  flushSync(() => useEditor.getState().setCanvas({ menu: null, lastMenu: menu }));
  perform(name);
}

function closeMenu(): void {
  useEditor.getState().setCanvas({ menu: null });
}

function usable(name: ActionName): boolean {
  return actions[name].enabled?.(useEditor.getState()) ?? true;
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  ArrowRight: 1,
  ArrowLeft: -1,
};

function onArrows(event: KeyboardEvent<HTMLElement>): void {
  const step = STEPS[event.key];
  if (step === undefined) return;
  const entries = [...event.currentTarget.querySelectorAll<HTMLElement>("button:enabled")];
  const at = entries.indexOf(document.activeElement as HTMLElement);
  entries[(at + step + entries.length) % entries.length]?.focus();
  event.preventDefault();
}
