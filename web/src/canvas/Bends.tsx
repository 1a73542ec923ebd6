/** The bends of a link, to be dragged; a double-click or Delete takes one out. */

import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import type { Point } from "../graph/document";
import { useText } from "../i18n";
import { GRID } from "../store/canvas";
import { useEditor } from "../store/store";
import { toGraph } from "./instance";
import { setBends, snapped } from "./tools/bends";

interface BendsProps {
  /** Id of the link. */
  readonly link: string;
  readonly points: readonly Point[];
  readonly colour: string | undefined;
}

export function Bends({ link, points, colour }: BendsProps) {
  return points.map((point, index) => (
    <Bend
      key={index}
      at={point}
      colour={colour}
      name={`${link}/${index}`}
      onMove={(to) => moved(points, index, to)}
      onDrag={(next) => useEditor.getState().setCanvas({ bending: next && { link, points: next } })}
      onDrop={(next) => setBends(link, next)}
      onRemove={() => setBends(link, points.toSpliced(index, 1))}
    />
  ));
}

interface BendProps {
  readonly at: Point;
  readonly colour: string | undefined;
  readonly name: string;
  readonly onMove: (to: Point) => readonly Point[];
  readonly onDrag: (points: readonly Point[] | null) => void;
  readonly onDrop: (points: readonly Point[]) => void;
  readonly onRemove: () => void;
}

const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: [-GRID, 0],
  ArrowRight: [GRID, 0],
  ArrowUp: [0, -GRID],
  ArrowDown: [0, GRID],
};

function Bend({ at, colour, name, onMove, onDrag, onDrop, onRemove }: BendProps) {
  const t = useText();
  const dragged = useRef<readonly Point[] | null>(null);
  const held = useRef(false);
  const onPointerDown = (event: PointerEvent<SVGCircleElement>) => {
    if (event.button !== 0) return;
    event.stopPropagation();
    event.currentTarget.setPointerCapture(event.pointerId);
    held.current = true;
  };
  const onPointerMove = (event: PointerEvent) => {
    if (!held.current) return;
    dragged.current = onMove(snapped(toGraph([event.clientX, event.clientY])));
    onDrag(dragged.current);
  };
  const onPointerUp = () => {
    held.current = false;
    if (dragged.current) onDrop(dragged.current);
    dragged.current = null;
    onDrag(null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = ARROWS[event.key];
    if (step) onDrop(onMove([at[0] + step[0], at[1] + step[1]]));
    else if (event.key === "Delete" || event.key === "Backspace") onRemove();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: there are no buttons inside of a drawing
    <circle
      className="bend nodrag nopan"
      role="button"
      aria-label={t("canvas.bend")}
      data-bend={name}
      tabIndex={0}
      cx={at[0]}
      cy={at[1]}
      r={6}
      style={{ fill: colour }}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onKeyDown={onKeyDown}
      onDoubleClick={(event) => {
        event.stopPropagation();
        onRemove();
      }}
    />
  );
}

function moved(points: readonly Point[], index: number, to: Point): readonly Point[] {
  return points.with(index, to);
}
