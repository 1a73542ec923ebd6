/**
 * The dots of a link. They are dragged, onto one another too, and taken out by a double-click or
 * Delete; dragging with Ctrl draws another link from there.
 */

import { type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import type { Point } from "../graph/document";
import { linksOver, type Start, withDot } from "../graph/dots";
import { useText } from "../i18n";
import { GRID } from "../store/canvas";
import { activeGraph } from "../store/documents";
import { type EditorState, useEditor } from "../store/store";
import { toGraph } from "./instance";
import { putDot, snapped } from "./tools/bends";
import { isCancelled } from "./tools/gesture";
import { dropBranch } from "./tools/linking";
import { bentPath } from "./wires";

interface BendsProps {
  /** Id of the link, and where it comes from. */
  readonly link: string;
  readonly start: Start;
  readonly points: readonly Point[];
  readonly colour: string | undefined;
}

export function Bends({ points, ...link }: BendsProps) {
  return points.map((point, index) => <Bend key={index} at={point} index={index} {...link} />);
}

const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: [-GRID, 0],
  ArrowRight: [GRID, 0],
  ArrowUp: [0, -GRID],
  ArrowDown: [0, GRID],
};

interface BendProps extends Omit<BendsProps, "points"> {
  readonly at: Point;
  readonly index: number;
}

/** What the pointer does with a dot. */
type Holding = "moving" | "branching" | null;

function Bend({ at, index, colour, link, start }: BendProps) {
  const t = useText();
  const held = useRef<Holding>(null);
  /** The dot as it is in the document: while it is dragged `at` is elsewhere. */
  const from = useRef(at);
  const [branch, setBranch] = useState<Point | null>(null);
  const drawing = useEditor((state) => state.linking !== null);
  const covered = useEditor((state) => isCovered(state, link, start, at));
  const onPointerDown = (event: PointerEvent<SVGCircleElement>) => {
    if (event.button !== 0) return;
    event.stopPropagation();
    event.currentTarget.setPointerCapture(event.pointerId);
    held.current = isBranching(event) ? "branching" : "moving";
    from.current = at;
    if (!isBranching(event)) return;
    const { source: node, output: port } = start;
    useEditor.getState().setView({ linking: { node, port, side: "output" } });
  };
  const onPointerMove = (event: PointerEvent) => {
    if (isCancelled()) return;
    const place = toGraph([event.clientX, event.clientY]);
    if (held.current === "branching") setBranch(place);
    else if (held.current === "moving") drag(start, from.current, snapped(place));
  };
  const onPointerUp = (event: PointerEvent) => {
    const { bending, setCanvas } = useEditor.getState();
    if (held.current === "branching") {
      setBranch(null);
      dropBranch([event.clientX, event.clientY], wayTo(link, index));
    } else if (held.current === "moving" && bending) {
      putDot(start, from.current, bending[link]?.[index] ?? null);
    }
    held.current = null;
    setCanvas({ bending: null });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = ARROWS[event.key];
    if (step) putDot(start, at, [at[0] + step[0], at[1] + step[1]]);
    else if (event.key === "Delete" || event.key === "Backspace") putDot(start, at, null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  if (covered) return null;
  return (
    <>
      {branch && drawing && (
        <path
          className="link new branch"
          style={{ stroke: colour }}
          d={bentPath(
            { sourceX: at[0], sourceY: at[1], targetX: branch[0], targetY: branch[1] },
            [],
          )}
        />
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: there are no buttons inside of a drawing */}
      <circle
        className="bend nodrag nopan"
        role="button"
        aria-label={t("canvas.bend")}
        data-bend={`${link}/${index}`}
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
          putDot(start, at, null);
        }}
      />
    </>
  );
}

/** With Ctrl, or Cmd on a Mac; Shift is for the box that selects. */
function isBranching(event: PointerEvent): boolean {
  return event.ctrlKey || event.metaKey;
}

function drag(start: Start, from: Point, to: Point): void {
  const state = useEditor.getState();
  const graph = activeGraph(state);
  if (graph) state.setCanvas({ bending: withDot(graph, start, from, to) });
}

/** The dots of a link from its start to one of them. */
function wayTo(link: string, index: number): readonly Point[] {
  const graph = activeGraph(useEditor.getState());
  return graph?.reroutes[link]?.slice(0, index + 1) ?? [];
}

/** Whether another link draws this dot; while one is dragged all are drawn. */
function isCovered(state: EditorState, link: string, start: Start, at: Point): boolean {
  const graph = activeGraph(state);
  if (state.bending || !graph) return false;
  // The last one lies above the others.
  const drawing = linksOver(graph, start, at).at(-1);
  return drawing !== undefined && drawing.id !== link;
}
