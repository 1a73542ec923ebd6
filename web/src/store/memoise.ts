/** Answers that are computed once for the parts of the state that they depend on. */

import type { EditorState } from "./store";

/** A function of the state that is computed again only when one of its parts changes. */
export function memoise<Parts extends unknown[], Result>(
  parts: (state: EditorState) => readonly [...Parts],
  compute: (...parts: Parts) => Result,
): (state: EditorState) => Result {
  let last: { state: EditorState; parts: readonly [...Parts]; result: Result } | null = null;
  return (state) => {
    // Every card asks after every change, so the very same state is answered at once.
    if (last?.state === state) return last.result;
    const now = parts(state);
    const same =
      last?.parts.length === now.length && now.every((part, index) => part === last?.parts[index]);
    last = { state, parts: now, result: last && same ? last.result : compute(...now) };
    return last.result;
  };
}
