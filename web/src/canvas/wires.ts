/** The ways that links take. */

import type { EdgeProps } from "@xyflow/react";
import type { Point } from "../graph/document";

export type Ends = Pick<EdgeProps, "sourceX" | "sourceY" | "targetX" | "targetY">;

/** A smooth way through all bends. */
export function bentPath({ sourceX, sourceY, targetX, targetY }: Ends, bends: readonly Point[]) {
  const points: Point[] = [[sourceX, sourceY], ...bends, [targetX, targetY]];
  const parts = points.slice(1).map(([x, y], index) => {
    const [fromX, fromY] = points[index] ?? [x, y];
    const pull = Math.max(24, Math.abs(x - fromX) / 2);
    return `C ${fromX + pull} ${fromY}, ${x - pull} ${y}, ${x} ${y}`;
  });
  return `M ${sourceX} ${sourceY} ${parts.join(" ")}`;
}
