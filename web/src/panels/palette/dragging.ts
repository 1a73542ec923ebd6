/** Dragging a node type from the palette onto the canvas, with mouse, pen or finger. */

import type { PointerEvent } from "react";
import { toGraph } from "../../canvas/instance";
import { addOffered } from "../search/add";
import type { Offer } from "../search/find";

/** Pixels until a press is a drag. */
const FAR = 5;
/** The pointer holds the new card near its upper left corner, in pixels of the graph. */
const GRIP = [60, 20] as const;

export function dragOffer(event: PointerEvent<HTMLElement>, offer: Offer): void {
  if (event.button !== 0) return;
  const source = event.currentTarget;
  const from = [event.clientX, event.clientY] as const;
  let ghost: HTMLElement | null = null;

  // A quick pointer leaves the button at once, so the window listens.
  const move = ({ clientX, clientY }: globalThis.PointerEvent) => {
    const distance = Math.hypot(clientX - from[0], clientY - from[1]);
    if (!ghost && distance < FAR) return;
    ghost ??= makeGhost(offer.spec.title);
    ghost.style.transform = `translate(${clientX - 20}px, ${clientY - 16}px)`;
    ghost.classList.toggle("over", isCanvas(clientX, clientY));
  };
  const end = ({ type, clientX, clientY }: globalThis.PointerEvent) => {
    window.removeEventListener("pointermove", move);
    window.removeEventListener("pointerup", end);
    window.removeEventListener("pointercancel", end);
    if (!ghost) return;
    ghost.remove();
    // The press was a drag, so the button must not act on it as well.
    source.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => source.removeEventListener("click", swallow, { capture: true }));
    if (type === "pointerup" && isCanvas(clientX, clientY)) {
      const [x, y] = toGraph([clientX, clientY]);
      addOffered(offer, [x - GRIP[0], y - GRIP[1]], null);
    }
  };
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", end);
  window.addEventListener("pointercancel", end);
}

function isCanvas(x: number, y: number): boolean {
  return document.elementFromPoint(x, y)?.closest(".canvas") != null;
}

function makeGhost(title: string): HTMLElement {
  const ghost = document.createElement("div");
  ghost.className = "palette-ghost";
  ghost.textContent = title;
  document.body.append(ghost);
  return ghost;
}

function swallow(event: Event): void {
  event.stopPropagation();
  event.preventDefault();
}
