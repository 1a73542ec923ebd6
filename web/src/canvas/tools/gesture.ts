/**
 * Escape takes back what the pointer is doing: moving cards, drawing a link, bending one, pulling
 * a corner. Until it is let go nothing of it counts.
 */

import { type EditorState, useEditor } from "../../store/store";

let cancelled = false;

/** Whether what the pointer is doing was taken back. */
export function isCancelled(): boolean {
  return cancelled;
}

function isUnderWay({ gesture, linking, bending, resizing, wiring }: EditorState): boolean {
  // A link that is drawn by keyboard has keys of its own.
  return (gesture ?? bending ?? resizing ?? (wiring ? null : linking)) !== null;
}

/** Listens on the window, before all others; returns how to stop. */
export function listenForGestures(): () => void {
  const onPointerDown = () => {
    cancelled = false;
  };
  // With any other key too: Ctrl or Shift are held for some of them.
  const onKeyDown = (event: KeyboardEvent) => {
    const state = useEditor.getState();
    if (event.key !== "Escape" || !isUnderWay(state)) return;
    event.preventDefault();
    event.stopPropagation();
    cancelled = true;
    state.setView({ gesture: null, linking: null });
    state.setCanvas({ bending: null, resizing: null });
  };
  window.addEventListener("pointerdown", onPointerDown, { capture: true });
  window.addEventListener("keydown", onKeyDown, { capture: true });
  return () => {
    window.removeEventListener("pointerdown", onPointerDown, { capture: true });
    window.removeEventListener("keydown", onKeyDown, { capture: true });
  };
}
