/** Where the keyboard is. */

const FIELDS = "input, textarea, select, [contenteditable=true]";

/** Whether keys are for the canvas: the focus is on it, or nowhere. */
export function onCanvas(): boolean {
  const focus = document.activeElement;
  if (!focus || focus === document.body) return true;
  return focus.closest(".canvas") !== null && !focus.matches(FIELDS);
}

/** The same, or on a button of the bar that was pressed: it has no use for arrows or Escape. */
export function nearCanvas(): boolean {
  return onCanvas() || (document.activeElement?.closest(".top-bar button") ?? null) !== null;
}

/** The field of a card or a note that is being written in, if any. */
export function fieldOnCanvas(): HTMLElement | null {
  const focus = document.activeElement;
  return focus instanceof HTMLElement && focus.matches(FIELDS) && focus.closest(".canvas")
    ? focus
    : null;
}
