/** A link, in the colour of what goes through it, and the link that is being drawn. */

import {
  BaseEdge,
  type ConnectionLineComponentProps,
  type EdgeProps,
  getBezierPath,
} from "@xyflow/react";
import { memo } from "react";
import { typeColour } from "../graph/catalogue";
import { canLink, type Refusal } from "../graph/connect";
import type { Point } from "../graph/document";
import { drawnSpec } from "../graph/ghost";
import { type Translate, useText } from "../i18n";
import { activeLevel } from "../store/selectors";
import { useEditor } from "../store/store";
import { Bends } from "./Bends";
import { type CanvasNode, LINK_PREFIX, type LinkEdge } from "./flow";

/** Pixels that a link goes on under the dot of a port. */
const UNDER_PORT = 4;

export const Link = memo(function Link(props: EdgeProps<LinkEdge>) {
  const { data, selected, id } = props;
  const link = id.slice(LINK_PREFIX.length);
  const dragged = useEditor((state) =>
    state.bending?.link === link ? state.bending.points : null,
  );
  const bends = dragged ?? data?.bends ?? NO_BENDS;
  const ends = {
    ...props,
    sourceX: props.sourceX - UNDER_PORT,
    targetX: props.targetX + UNDER_PORT,
  };
  const path = bends.length > 0 ? bentPath(ends, bends) : getBezierPath(ends)[0];
  return (
    <>
      <BaseEdge
        id={id}
        path={path}
        interactionWidth={16}
        className={selected ? "link selected" : "link"}
        style={{ stroke: data?.colour }}
      />
      <Bends link={link} points={bends} colour={data?.colour} />
    </>
  );
});

const NO_BENDS: readonly Point[] = [];

type Ends = Pick<EdgeProps, "sourceX" | "sourceY" | "targetX" | "targetY">;

/** A smooth way through all bends. */
function bentPath({ sourceX, sourceY, targetX, targetY }: Ends, bends: readonly Point[]): string {
  const points: Point[] = [[sourceX, sourceY], ...bends, [targetX, targetY]];
  const parts = points.slice(1).map(([x, y], index) => {
    const [fromX, fromY] = points[index] ?? [x, y];
    const pull = Math.max(24, Math.abs(x - fromX) / 2);
    return `C ${fromX + pull} ${fromY}, ${x - pull} ${y}, ${x} ${y}`;
  });
  return `M ${sourceX} ${sourceY} ${parts.join(" ")}`;
}

export function NewLink(props: ConnectionLineComponentProps<CanvasNode>) {
  const t = useText();
  const { fromX, fromY, toX, toY, fromPosition, toPosition, fromHandle, toHandle } = props;
  const colour = useEditor((state) => {
    const level = activeLevel(state);
    const node = level?.graph.nodes[fromHandle.nodeId];
    const spec = level && node && drawnSpec(level, node);
    const port = (fromHandle.type === "source" ? spec?.outputs : spec?.inputs)?.[
      fromHandle.id ?? ""
    ];
    return port ? typeColour(state.catalogue, port.type) : "var(--muted)";
  });
  const [path] = getBezierPath({
    sourceX: fromX,
    sourceY: fromY,
    sourcePosition: fromPosition,
    targetX: toX,
    targetY: toY,
    targetPosition: toPosition,
  });
  const from = end(fromHandle);
  const refusal = toHandle && from !== end(toHandle) ? refused(fromHandle, toHandle) : null;
  return (
    <g>
      <path
        className={refusal ? "link new refused" : "link new"}
        d={path}
        style={{ stroke: colour }}
      />
      {refusal && (
        <foreignObject x={toX + 14} y={toY - 40} width={280} height={36} overflow="visible">
          <span className="refusal" role="status">
            {sayRefusal(refusal, t)}
          </span>
        </foreignObject>
      )}
    </g>
  );
}

type End = NonNullable<ConnectionLineComponentProps["toHandle"]>;

function end(handle: End): string {
  return `${handle.type} ${handle.nodeId}.${handle.id}`;
}

function refused(a: End, b: End): Refusal | null {
  const level = activeLevel(useEditor.getState());
  if (!level || a.type === b.type) return { code: "unknown" };
  const [source, target] = a.type === "source" ? [a, b] : [b, a];
  const verdict = canLink(
    level,
    { node: source.nodeId, output: source.id ?? "" },
    { node: target.nodeId, input: target.id ?? "" },
  );
  return verdict.ok ? null : verdict.reason;
}

export function sayRefusal(refusal: Refusal, t: Translate): string {
  if (refusal.code !== "type") return t(`refusal.${refusal.code}`);
  return t("refusal.type", { wanted: refusal.wanted, given: refusal.given });
}
