/** What part of each level was looked at last, so that one comes back to it. */

import type { Viewport } from "@xyflow/react";
import { activeDocument } from "../store/documents";
import { useEditor } from "../store/store";

/** Milliseconds of rest until it is kept: documents are saved whenever they change. */
const REST = 400;
let waiting: { timer: number; keep: () => void } | null = null;

export function recalledViewport(): Viewport | undefined {
  const document = activeDocument(useEditor.getState());
  return document?.viewports[document.path.join("/")];
}

/** Keeps a view once it has come to rest. */
export function rememberViewport(_: unknown, viewport: Viewport): void {
  const document = activeDocument(useEditor.getState());
  if (!document) return;
  const { id, path } = document;
  if (waiting) window.clearTimeout(waiting.timer);
  const keep = () => {
    const { documents, patchDocument } = useEditor.getState();
    const viewports = { ...documents[id]?.viewports, [path.join("/")]: viewport };
    patchDocument(id, { viewports });
  };
  waiting = { timer: window.setTimeout(keepViewport, REST), keep };
}

/** Keeps it now, because another level or document is shown. */
export function keepViewport(): void {
  if (!waiting) return;
  window.clearTimeout(waiting.timer);
  const { keep } = waiting;
  waiting = null;
  keep();
}
