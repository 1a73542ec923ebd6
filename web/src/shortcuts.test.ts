import { expect, test } from "vitest";
import { actions } from "./actions";
import { keysOf, SHORTCUTS, showKeys } from "./shortcuts";

const press = (key: string, held: Partial<Record<"ctrlKey" | "metaKey" | "shiftKey", true>> = {}) =>
  keysOf({ key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held });

test("keys are named as the table names them", () => {
  expect(press("Z", { ctrlKey: true, shiftKey: true })).toBe("mod+shift+z");
  expect(press("Enter", { metaKey: true })).toBe("mod+enter");
  expect(press("?", { shiftKey: true })).toBe("?");
  expect(press(" ")).toBe("space");
});

test("no keys mean two things, and every shortcut has its action", () => {
  expect(new Set(SHORTCUTS.map((shortcut) => shortcut.keys)).size).toBe(SHORTCUTS.length);
  for (const { action } of SHORTCUTS) expect(actions[action]).toBeDefined();
  expect(showKeys("mod+shift+z", false)).toBe("Ctrl ⇧ Z");
});
