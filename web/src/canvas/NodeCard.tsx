/** A node. It reads its own record, type and progress, and is drawn again for nothing else. */

import type { NodeProps } from "@xyflow/react";
import { memo } from "react";
import { setLook } from "../commands/nodes";
import type { NodeSpec } from "../graph/catalogue";
import type { NodeRecord, Size } from "../graph/document";
import { isGhost } from "../graph/ghost";
import { isLinked } from "../graph/links";
import { useText } from "../i18n";
import { NodeResults } from "../panels/gallery/NodeResults";
import { picturedNodes, useNode, useNodeRun, useSelected, useSpec } from "../store/selectors";
import { useEditor } from "../store/store";
import { CardHeader } from "./CardHeader";
import { CardWidget } from "./CardWidget";
import type { CardNode } from "./flow";
import { type CardLayout, layoutOf, PORT_ROW } from "./geometry";
import { Names } from "./Names";
import { Passes } from "./Passes";
import { FarPort, Port } from "./Port";
import { PortName } from "./PortName";
import { ResizeCorner } from "./ResizeCorner";

export const NodeCard = memo(
  function NodeCard({ id }: NodeProps<CardNode>) {
    const node = useNode(id);
    const spec = useSpec(id);
    const selected = useSelected(id);
    const run = useNodeRun(id);
    const picture = useEditor((state) => picturedNodes(state).get(id));
    const far = useEditor((state) => state.distance !== "near");
    const resizing = useEditor((state) =>
      state.resizing?.id === id ? state.resizing.size : undefined,
    );
    if (!node || !spec) return null;
    const shown = resizing ? { ...node, size: resizing } : node;
    const layout = layoutOf(shown, spec, picture);
    const classes = [
      "card",
      selected && "selected",
      far && "far",
      isGhost(spec) && "ghost",
      node.mode,
      run && `run-${run.status}`,
    ];
    return (
      <article
        className={classes.filter(Boolean).join(" ")}
        aria-label={node.title ?? spec.title}
        data-node={id}
        style={{
          height: layout.height,
          ...(node.colour && { "--card-colour": node.colour }),
        }}
      >
        <CardHeader node={node} spec={spec} />
        {!far && !node.collapsed && <Rows node={node} spec={spec} layout={layout} />}
        {!far && layout.picture && picture !== undefined && (
          <div
            className="card-picture"
            style={{ top: layout.picture.y, height: layout.picture.height }}
          >
            <NodeResults id={id} />
          </div>
        )}
        {!far && node.mode === "bypassed" && <Passes node={node} spec={spec} layout={layout} />}
        {far ? <FarPorts layout={layout} /> : <Ports node={node} spec={spec} layout={layout} />}
        {!far && !node.collapsed && (
          <>
            <Names node={id} layout={layout} />
            <ResizeCorner
              id={id}
              size={[layout.width, layout.height]}
              least={LEAST}
              onResize={(size) => resize(id, size)}
              onReset={() => resize(id, undefined)}
            />
          </>
        )}
      </article>
    );
  },
  (before, after) => before.id === after.id,
);

const LEAST: Size = [160, 60];

function resize(id: string, size: Size | undefined): void {
  useEditor.getState().execute(setLook({ ids: [id], look: { size } }));
}

interface PartProps {
  readonly node: NodeRecord;
  readonly spec: NodeSpec;
  readonly layout: CardLayout;
}

function Rows({ node, spec, layout }: PartProps) {
  const t = useText();
  return (
    <>
      {isGhost(spec) && <p className="card-unknown">{t("node.unknown")}</p>}
      {layout.ports.map((row) => (
        <div key={row.y} className="port-row" style={{ top: row.y, height: PORT_ROW }}>
          <PortName node={node} name={row.input} input={spec.inputs[row.input ?? ""]} />
          <span
            className="port-name output"
            title={spec.outputs[row.output ?? ""]?.description}
            data-output={row.output && `${node.id}.${row.output}`}
          >
            {row.output?.replaceAll("_", " ")}
          </span>
        </div>
      ))}
      {layout.widgets.map((row) => {
        const input = spec.inputs[row.input];
        return (
          input && (
            <div key={row.input} className="widget-row" style={{ top: row.y, height: row.height }}>
              <CardWidget
                node={node.id}
                name={row.input}
                input={input}
                value={node.inputs[row.input]}
              />
            </div>
          )
        );
      })}
    </>
  );
}

function FarPorts({ layout }: Pick<PartProps, "layout">) {
  const ends = [
    ...Object.entries(layout.inputs).map(([name, y]) => ({ name, y, side: "input" as const })),
    ...Object.entries(layout.outputs).map(([name, y]) => ({ name, y, side: "output" as const })),
  ];
  return ends.map(({ name, y, side }) => (
    <FarPort key={`${side} ${name}`} name={name} side={side} y={y} />
  ));
}

function Ports({ node, spec, layout }: PartProps) {
  const asWidget = new Set(layout.widgets.map((row) => row.input));
  return (
    <>
      {Object.entries(layout.inputs).map(([name, y]) => {
        const input = spec.inputs[name];
        return (
          input && (
            <Port
              key={`in ${name}`}
              node={node.id}
              name={name}
              side="input"
              type={input.type}
              y={y}
              quiet={asWidget.has(name)}
              linked={isLinked(node.inputs[name])}
            />
          )
        );
      })}
      {Object.entries(layout.outputs).map(([name, y]) => {
        const output = spec.outputs[name];
        return (
          output && (
            <Port
              key={`out ${name}`}
              node={node.id}
              name={name}
              side="output"
              type={output.type}
              y={y}
            />
          )
        );
      })}
    </>
  );
}
