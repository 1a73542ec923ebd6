/** Every keyboard shortcut, in the order of the shortcut sheet. The handler reads this table. */

import { type ActionName, perform } from "./actions";
import type { TextKey } from "./i18n";
import { useEditor } from "./store/store";

export interface Shortcut {
  /** `mod` is Ctrl, or Cmd on a Mac; `key` as in `KeyboardEvent.key`, letters in lower case. */
  readonly keys: string;
  readonly action: ActionName;
  readonly group: TextKey;
  /** Works while a text is edited, too. */
  readonly inText?: true;
  /** The browser tells of it by an event of its own, such as `copy`. */
  readonly byBrowser?: true;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: "mod+s", action: "doc.save", group: "shortcuts.file", inText: true },
  { keys: "mod+shift+s", action: "doc.save_as", group: "shortcuts.file", inText: true },
  { keys: "mod+o", action: "doc.open", group: "shortcuts.file", inText: true },
  { keys: "alt+n", action: "doc.new", group: "shortcuts.file", inText: true },
  { keys: "alt+t", action: "doc.templates", group: "shortcuts.file", inText: true },
  { keys: "alt+w", action: "doc.close", group: "shortcuts.file", inText: true },
  { keys: "alt+shift+w", action: "doc.reopen", group: "shortcuts.file", inText: true },
  { keys: "alt+pagedown", action: "doc.next", group: "shortcuts.file", inText: true },
  { keys: "alt+pageup", action: "doc.previous", group: "shortcuts.file", inText: true },
  { keys: "mod+enter", action: "run.run", group: "shortcuts.run", inText: true },
  { keys: "mod+shift+enter", action: "run.to_selected", group: "shortcuts.run", inText: true },
  { keys: "mod+backspace", action: "run.cancel", group: "shortcuts.run" },
  { keys: "q", action: "panel.queue", group: "shortcuts.run" },
  { keys: "p", action: "panel.gallery", group: "shortcuts.run" },
  { keys: "space", action: "edit.add_node", group: "shortcuts.edit" },
  { keys: "mod+z", action: "edit.undo", group: "shortcuts.edit" },
  { keys: "mod+shift+z", action: "edit.redo", group: "shortcuts.edit" },
  { keys: "mod+y", action: "edit.redo", group: "shortcuts.edit" },
  { keys: "delete", action: "edit.delete", group: "shortcuts.edit" },
  { keys: "backspace", action: "edit.delete", group: "shortcuts.edit" },
  { keys: "mod+c", action: "edit.copy", group: "shortcuts.edit", byBrowser: true },
  { keys: "mod+x", action: "edit.cut", group: "shortcuts.edit", byBrowser: true },
  { keys: "mod+v", action: "edit.paste", group: "shortcuts.edit", byBrowser: true },
  { keys: "mod+shift+v", action: "edit.paste_linked", group: "shortcuts.edit" },
  { keys: "mod+d", action: "edit.duplicate", group: "shortcuts.edit" },
  { keys: "f2", action: "edit.rename", group: "shortcuts.edit" },
  { keys: "enter", action: "edit.open", group: "shortcuts.edit" },
  { keys: "escape", action: "edit.escape", group: "shortcuts.edit", inText: true },
  { keys: "shift+f10", action: "edit.menu", group: "shortcuts.edit" },
  { keys: "w", action: "link.draw", group: "shortcuts.edit" },
  { keys: "m", action: "edit.mute", group: "shortcuts.edit" },
  { keys: "b", action: "edit.bypass", group: "shortcuts.edit" },
  { keys: "c", action: "edit.collapse", group: "shortcuts.edit" },
  { keys: "mod+a", action: "edit.select_all", group: "shortcuts.arrange" },
  { keys: "tab", action: "select.next", group: "shortcuts.arrange" },
  { keys: "shift+tab", action: "select.previous", group: "shortcuts.arrange" },
  { keys: "arrowleft", action: "move.left", group: "shortcuts.arrange" },
  { keys: "arrowright", action: "move.right", group: "shortcuts.arrange" },
  { keys: "arrowup", action: "move.up", group: "shortcuts.arrange" },
  { keys: "arrowdown", action: "move.down", group: "shortcuts.arrange" },
  { keys: "shift+arrowleft", action: "move.far_left", group: "shortcuts.arrange" },
  { keys: "shift+arrowright", action: "move.far_right", group: "shortcuts.arrange" },
  { keys: "shift+arrowup", action: "move.far_up", group: "shortcuts.arrange" },
  { keys: "shift+arrowdown", action: "move.far_down", group: "shortcuts.arrange" },
  { keys: "l", action: "arrange.layout", group: "shortcuts.arrange" },
  { keys: "shift+n", action: "arrange.note", group: "shortcuts.arrange" },
  { keys: "mod+g", action: "arrange.group", group: "shortcuts.arrange" },
  { keys: "mod+shift+g", action: "nest.make", group: "shortcuts.arrange" },
  { keys: "mod+shift+u", action: "nest.unpack", group: "shortcuts.arrange" },
  { keys: "g", action: "arrange.snap", group: "shortcuts.arrange" },
  { keys: "f", action: "view.fit", group: "shortcuts.view" },
  { keys: "shift+f", action: "view.selection", group: "shortcuts.view" },
  { keys: "1", action: "view.full_size", group: "shortcuts.view" },
  { keys: "n", action: "view.palette", group: "shortcuts.view" },
  { keys: "i", action: "view.inspector", group: "shortcuts.view" },
  { keys: "?", action: "view.shortcuts", group: "shortcuts.view" },
];

const byKeys = new Map(SHORTCUTS.map((shortcut) => [shortcut.keys, shortcut]));

type Keys = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">;

/** An event as the table writes it; shift is left out where it only makes the character. */
export function keysOf(event: Keys): string {
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  const shift = event.shiftKey && (/^[a-z]$/.test(key) || key.length > 1);
  return [(event.ctrlKey || event.metaKey) && "mod", event.altKey && "alt", shift && "shift", key]
    .filter(Boolean)
    .join("+");
}

const EDITS_TEXT = "input:not([type=checkbox]), textarea, select, [contenteditable=true]";
/** Buttons and links keep their own use of these keys. */
const PRESSES = "button, a[href], [role=option], [role=switch]";

/** Listens on the window; returns how to stop. */
export function listenForShortcuts(): () => void {
  const onKeyDown = (event: KeyboardEvent) => {
    const shortcut = byKeys.get(keysOf(event));
    if (!shortcut || shortcut.byBrowser || event.defaultPrevented) return;
    const target = event.target instanceof Element ? event.target : null;
    if (!shortcut.inText && target?.closest(EDITS_TEXT)) return;
    if (/^(space|enter)$/.test(shortcut.keys) && target?.closest(PRESSES)) return;
    if (target?.closest("dialog")) return;
    if (shortcut.action !== "edit.escape") settle(target);
    if (perform(shortcut.action)) event.preventDefault();
  };
  // The key for menus tells itself by this event, on the page as a whole; after Shift+F10 the
  // browser would open its own menu over ours.
  const onMenu = (event: Event) => {
    const { menu } = useEditor.getState();
    if (menu || (event.target === document.body && perform("edit.menu"))) event.preventDefault();
  };
  window.addEventListener("keydown", onKeyDown);
  window.addEventListener("contextmenu", onMenu);
  return () => {
    window.removeEventListener("keydown", onKeyDown);
    window.removeEventListener("contextmenu", onMenu);
  };
}

/** Has a field take over what was written so far, as a press on a button would. */
function settle(target: Element | null): void {
  const field = target?.closest<HTMLElement>(EDITS_TEXT);
  if (!field) return;
  field.blur();
  field.focus({ preventScroll: true });
}

/** The keys for people, such as `Ctrl ⇧ Z`. */
export function showKeys(keys: string, mac = /Mac|iP/.test(navigator.platform)): string {
  const names: Readonly<Record<string, string>> = {
    mod: mac ? "⌘" : "Ctrl",
    alt: mac ? "⌥" : "Alt",
    shift: "⇧",
    enter: "↵",
    backspace: "⌫",
    delete: "Del",
    space: "Space",
    escape: "Esc",
    tab: "Tab",
    f2: "F2",
    f10: "F10",
    pageup: "PgUp",
    pagedown: "PgDn",
    arrowleft: "←",
    arrowright: "→",
    arrowup: "↑",
    arrowdown: "↓",
  };
  return keys
    .split("+")
    .map((key) => names[key] ?? (key.length === 1 ? key.toUpperCase() : key))
    .join(" ");
}
