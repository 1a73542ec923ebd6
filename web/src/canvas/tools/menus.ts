/** Opens the context menu of what is under the pointer; what is not selected is, first. */

import type { MouseEvent } from "react";
import { around } from "../../graph/boxes";
import type { Menu } from "../../store/canvas";
import { activeDocument } from "../../store/documents";
import { useEditor } from "../../store/store";
import { shownBoxes } from "../boxes";
import { LINK_PREFIX, type LinkEdge } from "../flow";
import { canvas, middleOfWindow, toGraph } from "../instance";
import { boxAt } from "./overview";

type Event = globalThis.MouseEvent | MouseEvent;

function open(event: Event, on: Menu["on"], of?: string): void {
  event.preventDefault();
  const screen = [event.clientX, event.clientY] as const;
  const menu: Menu = { on, screen, at: toGraph(screen), ...(of !== undefined && { of }) };
  useEditor.getState().setCanvas({ menu });
}

export function openCanvasMenu(event: Event): void {
  const { distance } = useEditor.getState();
  const hit = distance === "overview" ? boxAt(event) : undefined;
  if (hit) openNodeMenu(event, { id: hit.id });
  else open(event, "canvas");
}

export function openNodeMenu(event: Event, { id }: { readonly id: string }): void {
  const target = event.target instanceof Element ? event.target : null;
  // Texts keep the browser's own menu, for spelling and pasting.
  if (target?.closest("textarea, input:focus")) return;
  const output =
    target?.closest<HTMLElement>("[data-output]")?.dataset.output ??
    target?.closest<HTMLElement>('[data-side="output"]')?.dataset.port;
  if (output !== undefined) {
    open(event, "output", output);
    return;
  }
  const { select } = useEditor.getState();
  if (!activeDocument(useEditor.getState())?.selection.has(id)) select([id]);
  open(event, "selection");
}

export function openLinkMenu(event: Event, edge: LinkEdge): void {
  useEditor.getState().select([edge.id]);
  open(event, "link", edge.id.slice(LINK_PREFIX.length));
}

/** By keyboard: the menu of what is selected, beside it, or of the canvas. */
export function openMenuByKey(): void {
  const state = useEditor.getState();
  const frame = around(shownBoxes(state, "selected"));
  const place = frame && canvas()?.flowToScreenPosition({ x: frame[0], y: frame[1] });
  const screen = place ? ([place.x + BESIDE, place.y + BESIDE] as const) : middleOfWindow();
  const on = frame ? "selection" : "canvas";
  state.setCanvas({ menu: { on, screen, at: toGraph(screen) } });
}

const BESIDE = 24;
