/** A link, in the colour of what goes through it, and the link that is being drawn. */

import {
  BaseEdge,
  type ConnectionLineComponentProps,
  type EdgeProps,
  getBezierPath,
  Position,
} from "@xyflow/react";
import { memo, useMemo } from "react";
import { typeColour } from "../graph/catalogue";
import { canLink, type Refusal } from "../graph/connect";
import type { Point } from "../graph/document";
import { bendsAlong } from "../graph/dots";
import { drawnSpec } from "../graph/ghost";
import type { Link as GraphLink } from "../graph/links";
import { type Translate, useText } from "../i18n";
import { activeGraph } from "../store/documents";
import { activeLevel } from "../store/selectors";
import { useEditor } from "../store/store";
import { Bends } from "./Bends";
import { type CanvasNode, LINK_PREFIX, type LinkEdge } from "./flow";
import { endsOf } from "./tools/bends";
import { bentPath } from "./wires";

/** Pixels that a link goes on under the dot of a port. */
const UNDER_PORT = 4;

export const Link = memo(function Link(props: EdgeProps<LinkEdge>) {
  const { data, selected, id } = props;
  const link = id.slice(LINK_PREFIX.length);
  const dragged = useEditor((state) => state.bending?.[link]);
  const gesture = useEditor((state) => (data && data.bends.length > 0 ? state.gesture : null));
  const along = useMemo(() => {
    const graph = gesture && activeGraph(useEditor.getState());
    return graph ? bendsAlong(graph, gesture)[link] : undefined;
  }, [gesture, link]);
  const taken = useEditor((state) => state.linking?.taken?.id === link);
  const bends = dragged ?? along ?? data?.bends ?? NO_BENDS;
  const start = { source: props.source, output: props.sourceHandleId ?? "" };
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
        className={["link", selected && "selected", taken && "taken"].filter(Boolean).join(" ")}
        style={{ stroke: data?.colour }}
      />
      <Bends link={link} start={start} points={bends} colour={data?.colour} />
    </>
  );
});

const NO_BENDS: readonly Point[] = [];

export function NewLink(props: ConnectionLineComponentProps<CanvasNode>) {
  const t = useText();
  const { toX, toY, fromPosition, toPosition, fromHandle, toHandle } = props;
  const taken = useEditor((state) => state.linking?.taken);
  const idle = useEditor((state) => state.linking === null);
  const colour = useEditor((state) => {
    const level = activeLevel(state);
    const node = level?.graph.nodes[fromHandle.nodeId];
    const spec = level && node && drawnSpec(level, node);
    const port = (fromHandle.type === "source" ? spec?.outputs : spec?.inputs)?.[
      fromHandle.id ?? ""
    ];
    return port ? typeColour(state.catalogue, port.type) : "var(--muted)";
  });
  const towardsInput = toHandle?.type === "target";
  // A link that is taken by its end goes on coming from where it starts.
  const start = taken && (towardsInput || !toHandle) ? startOf(taken) : null;
  const [path] = getBezierPath({
    sourceX: start?.[0] ?? props.fromX,
    sourceY: start?.[1] ?? props.fromY,
    sourcePosition: start ? Position.Right : fromPosition,
    targetX: toX,
    targetY: toY,
    targetPosition: start ? Position.Left : toPosition,
  });
  const from = end(fromHandle);
  const refusal = toHandle && from !== end(toHandle) ? refused(fromHandle, toHandle, taken) : null;
  if (idle) return null; // Escape has taken it back
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

/** Where a link starts, in the coordinates of the graph. */
function startOf(link: GraphLink): Point | null {
  const level = activeLevel(useEditor.getState());
  return (level && endsOf(level, link)?.[0]) ?? null;
}

type End = NonNullable<ConnectionLineComponentProps["toHandle"]>;

function end(handle: End): string {
  return `${handle.type} ${handle.nodeId}.${handle.id}`;
}

function refused(a: End, b: End, taken: GraphLink | undefined): Refusal | null {
  const level = activeLevel(useEditor.getState());
  const moves = taken !== undefined && b.type === "target";
  if (!level || (a.type === b.type && !moves)) return { code: "unknown" };
  const [source, target] = a.type === "source" ? [a, b] : [b, a];
  const verdict = moves
    ? canLink(
        level,
        { node: taken.source, output: taken.output },
        { node: b.nodeId, input: b.id ?? "" },
      )
    : canLink(
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
