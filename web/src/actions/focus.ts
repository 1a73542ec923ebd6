/** Where the keyboard is. */

const FIELDS = "input, textarea, select, [contenteditable=true]";
/** Beside the canvas these have no use for arrows, Escape and letters. */
const PRESSED = ".top-bar button, .workspace button, .toasts button";

/** Whether keys are for the canvas: the focus is on it, or nowhere. */
export function onCanvas(): boolean {
  const focus = document.activeElement;
  if (!focus || focus === document.body) return true;
  return focus.closest(".canvas") !== null && !focus.matches(FIELDS);
}

/** The same, or on a button around it, which has the focus since it was pressed. */
export function nearCanvas(): boolean {
  return onCanvas() || document.activeElement?.matches(PRESSED) === true;
}

/** What is being written in, if anything is. */
export function focusedField(): HTMLElement | null {
  const focus = document.activeElement;
  return focus instanceof HTMLElement && focus.matches(FIELDS) ? focus : null;
}
