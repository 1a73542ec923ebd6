/** What part of each level is looked at, so that one comes back to it, and from how far. */

import type { Viewport } from "@xyflow/react";
import { activeDocument } from "../store/documents";
import { useEditor } from "../store/store";
import { distanceAt } from "../store/view";

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

const COST = { overview: 0, far: 1, near: 2 } as const;
/** Milliseconds of rest until more is drawn; less is drawn at once. */
const DETAIL_REST = 120;
let shownZoom = 0;
let detail = 0;

/** Another level is shown: as much is drawn as its zoom asks for. */
export function startAt({ zoom }: Viewport): void {
  window.clearTimeout(detail);
  shownZoom = zoom;
  const { distance, setView } = useEditor.getState();
  if (distanceAt(zoom) !== distance) setView({ distance: distanceAt(zoom) });
}

/** Follows the zoom with how much is drawn; cards are not built while one is still zooming. */
export function noteZoom(_: unknown, { zoom }: Viewport): void {
  if (zoom === shownZoom) return;
  shownZoom = zoom;
  window.clearTimeout(detail);
  const { distance, setView } = useEditor.getState();
  const now = distanceAt(zoom);
  if (COST[now] < COST[distance]) setView({ distance: now });
  else if (now !== distance) {
    detail = window.setTimeout(() => setView({ distance: distanceAt(shownZoom) }), DETAIL_REST);
  }
}
