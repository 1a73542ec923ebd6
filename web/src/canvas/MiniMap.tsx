/** The whole graph in a corner, with a frame around what is shown. A press or a drag goes there. */

import { useReactFlow, useStoreApi } from "@xyflow/react";
import { type PointerEvent, useEffect, useMemo, useRef } from "react";
import { useText } from "../i18n";
import { useEditor } from "../store/store";
import { boundsOf, drawNodes, paintOf, prepare, type View } from "./draw";
import type { CanvasNode } from "./flow";

const SIZE = { width: 190, height: 130 };
const MARGIN = 10;
/** Milliseconds between two drawings, at least. */
const PAUSE = 200;

export function MiniMap({ nodes }: { nodes: readonly CanvasNode[] }) {
  const t = useText();
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const store = useStoreApi();
  const { setCenter, getZoom } = useReactFlow();
  const theme = useEditor((state) => state.theme);
  const view = useMemo(() => viewOf(nodes), [nodes]);

  // Not at every step of a drag: it would be most of the work of one.
  const drawn = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes the colours
  useEffect(() => {
    const draw = () => {
      drawn.current = performance.now();
      const element = canvas.current;
      const context = element && prepare(element);
      if (context) drawNodes(context, nodes, view, paintOf(element));
    };
    const timer = setTimeout(draw, Math.max(0, drawn.current + PAUSE - performance.now()));
    return () => clearTimeout(timer);
  }, [nodes, view, theme]);

  useEffect(() => {
    const follow = () => {
      const element = frame.current;
      if (!element) return;
      const { transform, width, height } = store.getState();
      const [x, y, zoom] = transform;
      const left = view.x - (x / zoom) * view.zoom;
      const top = view.y - (y / zoom) * view.zoom;
      element.style.transform = `translate(${left}px, ${top}px)`;
      element.style.width = `${(width / zoom) * view.zoom}px`;
      element.style.height = `${(height / zoom) * view.zoom}px`;
    };
    follow();
    return store.subscribe(follow);
  }, [store, view]);

  const go = (event: PointerEvent<HTMLElement>) => {
    if (event.buttons !== 1) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const box = event.currentTarget.getBoundingClientRect();
    const x = (event.clientX - box.left - view.x) / view.zoom;
    const y = (event.clientY - box.top - view.y) / view.zoom;
    void setCenter(x, y, { zoom: getZoom() });
  };

  return (
    <div
      className="mini-map"
      role="img"
      aria-label={t("view.map")}
      style={SIZE}
      onPointerDown={go}
      onPointerMove={go}
    >
      <canvas ref={canvas} style={SIZE} />
      <div ref={frame} className="mini-map-frame" />
    </div>
  );
}

/** How the graph is placed in the map. */
function viewOf(nodes: readonly CanvasNode[]): View {
  const { x, y, width, height } = boundsOf(nodes);
  const inner = { width: SIZE.width - 2 * MARGIN, height: SIZE.height - 2 * MARGIN };
  const zoom = Math.min(inner.width / width, inner.height / height, 0.12);
  return {
    x: (SIZE.width - width * zoom) / 2 - x * zoom,
    y: (SIZE.height - height * zoom) / 2 - y * zoom,
    zoom,
  };
}
