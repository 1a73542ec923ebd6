/** Answers that are computed once for the parts of the state that they depend on. */

import type { EditorState } from "./store";

/** A function of the state that is computed again only when one of its parts changes. */
export function memoise<Parts extends unknown[], Result>(
  parts: (state: EditorState) => readonly [...Parts],
  compute: (...parts: Parts) => Result,
): (state: EditorState) => Result {
  let last: { parts: readonly [...Parts]; result: Result } | null = null;
  return (state) => {
    const now = parts(state);
    if (!last || now.some((part, index) => part !== last?.parts[index])) {
      last = { parts: now, result: compute(...now) };
    }
    return last.result;
  };
}
