/** Every keyboard shortcut, in the order of the shortcut sheet. The handler reads this table. */

import { type ActionName, perform } from "./actions";
import type { TextKey } from "./i18n";

export interface Shortcut {
  /** `mod` is Ctrl, or Cmd on a Mac; `key` as in `KeyboardEvent.key`, letters in lower case. */
  readonly keys: string;
  readonly action: ActionName;
  readonly group: TextKey;
  /** Works while a text is edited, too. */
  readonly inText?: true;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: "mod+enter", action: "run.run", group: "shortcuts.run", inText: true },
  { keys: "mod+shift+enter", action: "run.to_selected", group: "shortcuts.run", inText: true },
  { keys: "mod+backspace", action: "run.cancel", group: "shortcuts.run" },
  { keys: "space", action: "edit.add_node", group: "shortcuts.edit" },
  { keys: "mod+z", action: "edit.undo", group: "shortcuts.edit" },
  { keys: "mod+shift+z", action: "edit.redo", group: "shortcuts.edit" },
  { keys: "mod+y", action: "edit.redo", group: "shortcuts.edit" },
  { keys: "delete", action: "edit.delete", group: "shortcuts.edit" },
  { keys: "backspace", action: "edit.delete", group: "shortcuts.edit" },
  { keys: "mod+a", action: "edit.select_all", group: "shortcuts.edit" },
  { keys: "m", action: "edit.mute", group: "shortcuts.edit" },
  { keys: "b", action: "edit.bypass", group: "shortcuts.edit" },
  { keys: "c", action: "edit.collapse", group: "shortcuts.edit" },
  { keys: "f", action: "view.fit", group: "shortcuts.view" },
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
    if (!shortcut || event.defaultPrevented) return;
    const target = event.target instanceof Element ? event.target : null;
    if (!shortcut.inText && target?.closest(EDITS_TEXT)) return;
    if (shortcut.keys === "space" && target?.closest(PRESSES)) return;
    if (target?.closest("dialog")) return;
    event.preventDefault();
    perform(shortcut.action);
  };
  window.addEventListener("keydown", onKeyDown);
  return () => window.removeEventListener("keydown", onKeyDown);
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
  };
  return keys
    .split("+")
    .map((key) => names[key] ?? (key.length === 1 ? key.toUpperCase() : key))
    .join(" ");
}
