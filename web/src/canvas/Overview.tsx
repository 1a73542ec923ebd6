/**
 * A large workflow from afar, drawn on one canvas in place of thousands of elements. One can
 * pan and zoom in it.
 */

import { useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { drawnSpec } from "../graph/ghost";
import { activeLevel } from "../store/selectors";
import { useEditor } from "../store/store";
import { drawLinks, drawNodes, drawTitles, paintOf, prepare } from "./draw";
import type { CanvasNode, LinkEdge } from "./flow";

interface OverviewProps {
  readonly nodes: readonly CanvasNode[];
  readonly edges: readonly LinkEdge[];
}

export function Overview({ nodes, edges }: OverviewProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const store = useStoreApi();
  const theme = useEditor((state) => state.theme);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes the colours
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const paint = paintOf(element);
    const byId = new Map(nodes.map((node) => [node.id, node]));
    let frame = 0;
    const draw = () => {
      frame = 0;
      const context = prepare(element);
      if (!context) return;
      const [x, y, zoom] = store.getState().transform;
      drawLinks(context, edges, byId, { x, y, zoom });
      drawNodes(context, nodes, { x, y, zoom }, paint);
      if (zoom >= LEGIBLE) drawTitles(context, nodes, { x, y, zoom }, titleOf, paint.text);
    };
    const soon = () => {
      frame ||= requestAnimationFrame(draw);
    };
    draw();
    const stop = store.subscribe(soon);
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [store, nodes, edges, theme]);

  return <canvas ref={canvas} className="overview" />;
}

/** Zoom from which titles can be read. */
const LEGIBLE = 0.2;

function titleOf(id: string): string {
  const level = activeLevel(useEditor.getState());
  const node = level?.graph.nodes[id];
  return level && node ? (node.title ?? drawnSpec(level, node).title) : "";
}
