/** An action is what a shortcut, a button or a menu entry does, by one name. */

import type { TextKey } from "../i18n";
import type { EditorState } from "../store/store";

export interface Action {
  readonly label: TextKey;
  readonly run: () => void;
  /** Left out: always. */
  readonly enabled?: (state: EditorState) => boolean;
  /** For what is on or off: which it is. */
  readonly checked?: (state: EditorState) => boolean;
}
