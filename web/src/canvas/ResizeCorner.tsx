/** The corner of a card, a group or a note that is pulled to resize it. */

import { type PointerEvent, useRef } from "react";
import type { Size } from "../graph/document";
import { useText } from "../i18n";
import { GRID } from "../store/canvas";
import { useEditor } from "../store/store";
import { canvas } from "./instance";
import { isCancelled } from "./tools/gesture";

interface ResizeCornerProps {
  readonly id: string;
  readonly size: Size;
  readonly least: Size;
  readonly onResize: (size: Size) => void;
  /** Back to the size by itself, on a double-click. */
  readonly onReset?: () => void;
}

export function ResizeCorner({ id, size, least, onResize, onReset }: ResizeCornerProps) {
  const t = useText();
  const start = useRef<{ x: number; y: number; size: Size } | null>(null);
  const { setCanvas } = useEditor.getState();

  const sizeAt = (event: PointerEvent): Size => {
    const from = start.current;
    const zoom = canvas()?.getZoom() ?? 1;
    if (!from) return size;
    const step = useEditor.getState().snap ? GRID : 1;
    const along = (length: number, by: number, min: number) =>
      Math.max(min, Math.round((length + by / zoom) / step) * step);
    return [
      along(from.size[0], event.clientX - from.x, least[0]),
      along(from.size[1], event.clientY - from.y, least[1]),
    ];
  };
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    event.stopPropagation();
    event.currentTarget.setPointerCapture(event.pointerId);
    start.current = { x: event.clientX, y: event.clientY, size };
  };
  const onPointerMove = (event: PointerEvent) => {
    if (start.current && !isCancelled()) setCanvas({ resizing: { id, size: sizeAt(event) } });
  };
  const onPointerUp = (event: PointerEvent) => {
    if (!start.current) return;
    const [width, height] = start.current.size;
    const next = sizeAt(event);
    start.current = null;
    setCanvas({ resizing: null });
    if (isCancelled()) return;
    if (next[0] !== width || next[1] !== height) onResize(next);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a way for the pointer only
    <div
      className="resize-corner nodrag nopan"
      title={t("canvas.resize")}
      data-resize={id}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={() => {
        start.current = null;
        setCanvas({ resizing: null });
      }}
      onDoubleClick={(event) => {
        event.stopPropagation();
        onReset?.();
      }}
    />
  );
}
