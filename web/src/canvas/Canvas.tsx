/** The drawing: xyflow over the records of the shown level. */

import {
  type Viewport as FlowViewport,
  ReactFlow,
  ReactFlowProvider,
  SelectionMode,
} from "@xyflow/react";
import { type MouseEvent, useCallback, useMemo, useState } from "react";
import { activeDocument, activeGraph } from "../store/documents";
import { activeLevel, picturedNodes } from "../store/selectors";
import { type EditorState, useEditor } from "../store/store";
import { distanceAt } from "../store/view";
import { type CardNode, type LinkEdge, makeFlow } from "./flow";
import { Ground } from "./Ground";
import { type CanvasInstance, setCanvas, setPointer, toGraph } from "./instance";
import { Link, NewLink } from "./Link";
import { MiniMap } from "./MiniMap";
import { NodeCard } from "./NodeCard";
import { Overview } from "./Overview";
import { changeLinks, changeNodes } from "./tools/changes";
import {
  dropLink,
  endLinking,
  makeLink,
  mayLink,
  moveLink,
  startLinking,
  takeLink,
} from "./tools/linking";

const NODE_TYPES = { card: NodeCard };
const EDGE_TYPES = { link: Link };
const NOTHING: ReadonlySet<string> = new Set();
const FIT = { padding: 0.15, maxZoom: 1, minZoom: 0.3 };
const SNAP: [number, number] = [10, 10];
const PAN_BUTTONS = [0, 1];
const NO_ATTRIBUTION = { hideAttribution: true };

const NO_NODES: CardNode[] = [];
const NO_EDGES: LinkEdge[] = [];
/** From this many nodes on a far view is drawn on one canvas. */
const LARGE = 250;

function isLarge(state: EditorState): boolean {
  return Object.keys(activeGraph(state)?.nodes ?? NOTHING).length >= LARGE;
}

export function Canvas() {
  const key = useEditor((state) => {
    const document = activeDocument(state);
    return document ? [document.id, ...document.path].join("/") : null;
  });
  return (
    key !== null && (
      <ReactFlowProvider key={key}>
        <Level />
      </ReactFlowProvider>
    )
  );
}

function Level() {
  const level = useEditor(activeLevel);
  const selection = useEditor((state) => activeDocument(state)?.selection ?? NOTHING);
  const gesture = useEditor((state) => state.gesture);
  const pictured = useEditor(picturedNodes);
  const overview = useEditor((state) => state.distance === "overview" && isLarge(state));
  const [flow] = useState(makeFlow);
  const [viewport] = useState(rememberedViewport);

  const nodes = useMemo(
    () => (level ? flow.nodes(level, selection, gesture, pictured) : []),
    [flow, level, selection, gesture, pictured],
  );
  const edges = useMemo(
    () => (level ? flow.edges(level, selection) : []),
    [flow, level, selection],
  );
  const onInit = useCallback((instance: CanvasInstance) => setCanvas(instance), []);

  return (
    <ReactFlow
      className="canvas"
      nodes={overview ? NO_NODES : nodes}
      edges={overview ? NO_EDGES : edges}
      nodeTypes={NODE_TYPES}
      edgeTypes={EDGE_TYPES}
      onInit={onInit}
      onNodesChange={changeNodes}
      onEdgesChange={changeLinks}
      onConnectStart={startLinking}
      onConnectEnd={endLinking}
      onConnect={makeLink}
      isValidConnection={mayLink}
      onReconnectStart={takeLink}
      onReconnect={moveLink}
      onReconnectEnd={(event, edge, _, state) => dropLink(event, edge, state)}
      connectionLineComponent={NewLink}
      onMoveEnd={rememberViewport}
      onMove={noteZoom}
      onPointerMove={notePointer}
      onDoubleClick={openSearch}
      {...(viewport ? { defaultViewport: viewport } : { fitView: true, fitViewOptions: FIT })}
      onlyRenderVisibleElements
      elevateNodesOnSelect
      snapGrid={SNAP}
      snapToGrid
      minZoom={0.05}
      maxZoom={2.5}
      panOnDrag={PAN_BUTTONS}
      selectionMode={SelectionMode.Partial}
      selectionKeyCode="Shift"
      multiSelectionKeyCode={["Control", "Meta", "Shift"]}
      panActivationKeyCode={null}
      deleteKeyCode={null}
      zoomOnDoubleClick={false}
      connectionRadius={24}
      reconnectRadius={12}
      proOptions={NO_ATTRIBUTION}
    >
      <Ground />
      {overview && <Overview nodes={nodes} edges={edges} />}
      <MiniMap nodes={nodes} />
    </ReactFlow>
  );
}

function viewportKey(): [document: string, level: string] | null {
  const document = activeDocument(useEditor.getState());
  return document && [document.id, document.path.join("/")];
}

function rememberedViewport() {
  const document = activeDocument(useEditor.getState());
  return document?.viewports[document.path.join("/")];
}

function rememberViewport(_: unknown, viewport: FlowViewport): void {
  const at = viewportKey();
  if (!at) return;
  const [id, level] = at;
  const { documents, patchDocument } = useEditor.getState();
  patchDocument(id, { viewports: { ...documents[id]?.viewports, [level]: viewport } });
}

function noteZoom(_: unknown, { zoom }: FlowViewport): void {
  const { distance, setView } = useEditor.getState();
  const now = distanceAt(zoom);
  if (now !== distance) setView({ distance: now });
}

function notePointer(event: MouseEvent): void {
  setPointer([event.clientX, event.clientY]);
}

function openSearch(event: MouseEvent): void {
  if (!(event.target as Element).classList.contains("react-flow__pane")) return;
  const screen = [event.clientX, event.clientY] as const;
  useEditor.getState().setView({ search: { at: toGraph(screen), screen, linking: null } });
}
