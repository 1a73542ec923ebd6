/** A box over the page, beside what opened it. It closes by Escape or a press elsewhere. */

import { type ReactNode, type SyntheticEvent, useEffect, useLayoutEffect, useRef } from "react";
import { createPortal } from "react-dom";

/** A rectangle of the window that the box is put under, or over if there is no room. */
export type Anchor = Pick<DOMRect, "left" | "right" | "top" | "bottom">;

interface PopoverProps {
  readonly anchor: Anchor;
  readonly label: string;
  readonly className?: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

const GAP = 4;
const EDGE = 8;

export function Popover({ anchor, label, className, onClose, children }: PopoverProps) {
  const box = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const { width, height } = element.getBoundingClientRect();
    const below = anchor.bottom + GAP;
    const fits = below + height <= window.innerHeight - EDGE;
    const top = fits ? below : Math.max(EDGE, anchor.top - GAP - height);
    const left = Math.max(EDGE, Math.min(anchor.left, window.innerWidth - width - EDGE));
    element.style.transform = `translate(${left}px, ${top}px)`;
  });

  useEffect(() => {
    const before = document.activeElement;
    const outside = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) close.current();
    };
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close.current();
    };
    window.addEventListener("pointerdown", outside, true);
    window.addEventListener("wheel", outside, true);
    window.addEventListener("keydown", onKeyDown, true);
    const first = box.current?.querySelector<HTMLElement>("input, button");
    first?.focus({ preventScroll: true });
    return () => {
      window.removeEventListener("pointerdown", outside, true);
      window.removeEventListener("wheel", outside, true);
      window.removeEventListener("keydown", onKeyDown, true);
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);

  return createPortal(
    <div
      ref={box}
      role="dialog"
      aria-label={label}
      className={className ? `popover floating ${className}` : "popover floating"}
      // What happens in the box is not meant for the card that opened it.
      onClick={stop}
      onDoubleClick={stop}
      onPointerDown={stop}
      onMouseDown={stop}
      onKeyDown={stop}
      onContextMenu={stop}
    >
      {children}
    </div>,
    document.body,
  );
}

function stop(event: SyntheticEvent): void {
  event.stopPropagation();
}
