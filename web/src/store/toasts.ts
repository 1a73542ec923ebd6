/** Short messages that come up in a corner and go by themselves. */

import type { StateCreator } from "zustand";
import type { EditorState } from "./store";

export interface Toast {
  readonly id: number;
  readonly kind: "info" | "good" | "bad";
  readonly text: string;
  readonly hint?: string;
  /** A button, such as one that takes back what the toast tells. */
  readonly action?: { readonly label: string; readonly run: () => void };
}

export interface ToastsSlice {
  readonly toasts: readonly Toast[];
  notify(toast: Omit<Toast, "id">): void;
  dismiss(id: number): void;
}

/** How long a toast stays, in milliseconds; longer if there is something to read or press. */
const STAY = 4000;
const STAY_LONGER = 9000;
const MOST = 4;
let made = 0;

export const toastsSlice: StateCreator<EditorState, [], [], ToastsSlice> = (set, get) => ({
  toasts: [],

  notify(toast) {
    made += 1;
    const id = made;
    // The same message again takes the place of the first.
    const others = get().toasts.filter(({ text }) => text !== toast.text);
    set({ toasts: [...others, { ...toast, id }].slice(-MOST) });
    const stay = toast.kind === "bad" || toast.action ? STAY_LONGER : STAY;
    setTimeout(() => get().dismiss(id), stay);
  },

  dismiss(id) {
    const { toasts } = get();
    if (toasts.some((toast) => toast.id === id)) {
      set({ toasts: toasts.filter((toast) => toast.id !== id) });
    }
  },
});
