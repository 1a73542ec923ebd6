/**
 * A large workflow from afar, drawn on one canvas in place of thousands of elements. One can
 * pan and zoom in it.
 */

import { useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { useEditor } from "../store/store";
import { drawLinks, drawNodes, paintOf, prepare } from "./draw";
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
