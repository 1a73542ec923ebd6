/** The dots behind everything. Panning only shifts their layer, so nothing is painted anew. */

import { useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";

const GAP = 20;
/** The pattern of a far view is made coarser, so that dots stay apart. */
const FINEST = 14;

export function Ground() {
  const dots = useRef<HTMLDivElement>(null);
  const store = useStoreApi();
  useEffect(() => {
    let shown = 0;
    const follow = () => {
      const element = dots.current;
      if (!element) return;
      const [x, y, zoom] = store.getState().transform;
      let gap = GAP * zoom;
      while (gap < FINEST) gap *= 2;
      if (gap !== shown) element.style.backgroundSize = `${gap}px ${gap}px`;
      shown = gap;
      element.style.transform = `translate(${modulo(x, gap)}px, ${modulo(y, gap)}px)`;
    };
    follow();
    return store.subscribe(follow);
  }, [store]);
  return <div ref={dots} className="ground" aria-hidden="true" />;
}

/** From -size to 0, so that the layer always covers the left and the top edge. */
function modulo(value: number, size: number): number {
  return (((value % size) + size) % size) - size;
}
