/** Every key and gesture, from the table that the keys themselves are read from. */

import { actions } from "../../actions";
import { type TextKey, useText } from "../../i18n";
import { SHORTCUTS, type Shortcut, showKeys } from "../../shortcuts";
import { Dialog } from "../Dialog";

const GESTURES: readonly [TextKey, TextKey][] = [
  ["gesture.double_click", "gesture.add"],
  ["gesture.drag_link", "gesture.fitting"],
  ["gesture.double_click_link", "gesture.bend"],
  ["gesture.drag_dot", "gesture.join_dots"],
  ["gesture.mod_drag_dot", "gesture.branch"],
  ["gesture.drag_end", "gesture.move_link"],
  ["gesture.drop", "gesture.picture"],
  ["gesture.drag_number", "gesture.number"],
  ["gesture.right_click", "gesture.input"],
  ["gesture.shift_drag", "gesture.box"],
  ["gesture.wheel", "gesture.zoom"],
];

/** While a link is drawn by keyboard. */
const WIRING: readonly [string, TextKey][] = [
  ["\u2191 \u2193 \u2190 \u2192", "wiring.choose"],
  ["Tab", "wiring.next"],
  ["\u21b5", "wiring.enter"],
  ["Space", "wiring.add"],
  ["Del", "wiring.delete"],
  ["Esc", "wiring.leave"],
];

export function ShortcutSheet() {
  const t = useText();
  return (
    <Dialog title={t("view.shortcuts")} size="medium">
      <div className="shortcut-sheet">
        <div className="shortcut-columns">
          {[...grouped()].map(([group, shortcuts]) => (
            <section key={group}>
              <h3>{t(group)}</h3>
              <dl>
                {[...byLabel(shortcuts)].map(([label, keys]) => (
                  <div key={label}>
                    <dt>{t(label)}</dt>
                    <dd>
                      {keys.map((each) => (
                        <Caps key={each} keys={showKeys(each)} />
                      ))}
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
          <section>
            <h3>{t("shortcuts.wiring")}</h3>
            <dl>
              {WIRING.map(([keys, does]) => (
                <div key={does}>
                  <dt>{t(does)}</dt>
                  <dd>
                    <Caps keys={keys} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
          <section>
            <h3>{t("shortcuts.pointer")}</h3>
            <dl>
              {GESTURES.map(([gesture, does]) => (
                <div key={gesture}>
                  <dt>{t(does)}</dt>
                  <dd>{t(gesture)}</dd>
                </div>
              ))}
            </dl>
          </section>
        </div>
      </div>
    </Dialog>
  );
}

/** Keys as they are printed on keyboards. */
function Caps({ keys }: { keys: string }) {
  return (
    <kbd>
      {keys.split(" ").map((key) => (
        <span key={key}>{key}</span>
      ))}
    </kbd>
  );
}

function grouped(): Map<TextKey, Shortcut[]> {
  const groups = new Map<TextKey, Shortcut[]>();
  for (const shortcut of SHORTCUTS) {
    groups.set(shortcut.group, [...(groups.get(shortcut.group) ?? []), shortcut]);
  }
  return groups;
}

/** What is called the same is one line with all its keys. */
function byLabel(shortcuts: readonly Shortcut[]): Map<TextKey, string[]> {
  const lines = new Map<TextKey, string[]>();
  for (const { action, keys } of shortcuts) {
    const { label } = actions[action];
    lines.set(label, [...(lines.get(label) ?? []), keys]);
  }
  return lines;
}
