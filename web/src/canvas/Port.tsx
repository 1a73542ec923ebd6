/** A port: the dot that links start and end at. */

import { Handle, Position } from "@xyflow/react";
import { memo } from "react";
import { typeColour } from "../graph/catalogue";
import { canLink } from "../graph/connect";
import { type TypeExpr, typeText } from "../graph/types";
import { activeLevel } from "../store/selectors";
import { type EditorState, useEditor } from "../store/store";
import { HANDLE } from "./flow";

interface PortProps {
  readonly node: string;
  readonly name: string;
  readonly side: "input" | "output";
  readonly type: TypeExpr;
  readonly y: number;
  /** Drawn faintly until a link is drawn near: the input has a widget as well. */
  readonly quiet?: boolean;
  readonly linked?: boolean;
}

export const Port = memo(function Port({ node, name, side, type, y, quiet, linked }: PortProps) {
  const colour = useEditor((state) => typeColour(state.catalogue, type));
  const fitting = useEditor((state) => fits(state, node, name, side));
  const here = useEditor(({ wiring }) => {
    const at = wiring?.at;
    return at?.node === node && at.port === name && at.side === side;
  });
  const state = [
    "port",
    here && "here",
    quiet && "quiet",
    linked && "linked",
    type.depth > 0 && "list",
    fitting === true && "fits",
    fitting === false && "misfit",
  ];
  return (
    <Handle
      id={name}
      type={side === "input" ? "target" : "source"}
      position={side === "input" ? Position.Left : Position.Right}
      className={state.filter(Boolean).join(" ")}
      title={`${name}: ${typeText(type)}`}
      data-port={`${node}.${name}`}
      data-side={side}
      style={{ top: y - HANDLE / 2, color: colour }}
    />
  );
});

/** Whether the link that is being drawn could end here; undefined while none is drawn. */
function fits(state: EditorState, node: string, name: string, side: "input" | "output") {
  const { linking } = state;
  if (!linking) return undefined;
  const level = activeLevel(state);
  if (!level) return false;
  if (linking.side === side) {
    if (linking.node === node && linking.port === name) return true;
    const { taken } = linking;
    const from = taken && { node: taken.source, output: taken.output };
    return from ? canLink(level, from, { node, input: name }).ok : false;
  }
  return linking.side === "output"
    ? canLink(level, { node: linking.node, output: linking.port }, { node, input: name }).ok
    : canLink(level, { node, output: name }, { node: linking.node, input: linking.port }).ok;
}

/** A place where links end, for a card so far away that no port can be taken. */
export function FarPort({ name, side, y }: Pick<PortProps, "name" | "side" | "y">) {
  const input = side === "input";
  return (
    <i
      className={`react-flow__handle port react-flow__handle-${input ? "left target" : "right source"}`}
      data-handleid={name}
      data-handlepos={input ? Position.Left : Position.Right}
      style={{ top: y - HANDLE / 2 }}
    />
  );
}
