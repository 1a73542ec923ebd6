/** The drawing: xyflow over the records of the shown level. */

import { ReactFlow, ReactFlowProvider, SelectionMode } from "@xyflow/react";
import { type MouseEvent, useCallback, useEffect, useMemo, useState } from "react";
import { removeSelection } from "../actions/edit";
import { GRID } from "../store/canvas";
import { activeDocument, activeGraph } from "../store/documents";
import { activeLevel, picturedNodes } from "../store/selectors";
import { type EditorState, useEditor } from "../store/store";
import { type CanvasNode, LINK_PREFIX, type LinkEdge, makeFlow } from "./flow";
import { Ground } from "./Ground";
import { GroupFrame } from "./GroupFrame";
import { type CanvasInstance, setCanvas, setPointer, toGraph } from "./instance";
import { Link, NewLink } from "./Link";
import { MiniMap } from "./MiniMap";
import { NodeCard } from "./NodeCard";
import { NoteCard } from "./NoteCard";
import { Overview } from "./Overview";
import { addBend } from "./tools/bends";
import { changeLinks, changeNodes, clickNode } from "./tools/changes";
import { listenForClipboard } from "./tools/clipboard";
import { listenForGestures } from "./tools/gesture";
import {
  dropLink,
  endLinking,
  makeLink,
  mayLink,
  moveLink,
  startLinking,
  takeLink,
} from "./tools/linking";
import { openCanvasMenu, openLinkMenu, openNodeMenu } from "./tools/menus";
import { endBox, goTo, selectAt, startBox } from "./tools/overview";
import { keepViewport, noteZoom, recalledViewport, rememberViewport, startAt } from "./viewport";
import { Wiring } from "./Wiring";

const NODE_TYPES = { card: NodeCard, frame: GroupFrame, note: NoteCard };
const EDGE_TYPES = { link: Link };
const NOTHING: ReadonlySet<string> = new Set();
const FIT = { padding: 0.15, maxZoom: 1, minZoom: 0.3 };
const SNAP: [number, number] = [GRID, GRID];
const PAN_BUTTONS = [0, 1];
const NO_ATTRIBUTION = { hideAttribution: true };

const NO_NODES: CanvasNode[] = [];
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
  const moved = useEditor((state) => state.gesture);
  const resizing = useEditor((state) => state.resizing);
  const linking = useEditor((state) => state.linking !== null);
  const inner = useEditor((state) => (activeDocument(state)?.path.length ?? 0) > 0);
  const snap = useEditor((state) => state.snap);
  const pictured = useEditor(picturedNodes);
  const overview = useEditor((state) => state.distance === "overview" && isLarge(state));
  const [flow] = useState(makeFlow);
  const [viewport] = useState(recalledViewport);

  const nodes = useMemo(
    () => (level ? flow.nodes(level, selection, { moved, resizing }, pictured) : []),
    [flow, level, selection, moved, resizing, pictured],
  );
  const edges = useMemo(
    () => (level ? flow.edges(level, selection) : []),
    [flow, level, selection],
  );
  const onInit = useCallback((instance: CanvasInstance) => {
    setCanvas(instance);
    startAt(instance.getViewport());
  }, []);
  useEffect(() => listenForClipboard(removeSelection), []);
  useEffect(() => keepViewport, []);
  useEffect(listenForGestures, []);

  return (
    <ReactFlow
      className={["canvas", linking && "linking", inner && "inner"].filter(Boolean).join(" ")}
      nodes={overview ? NO_NODES : nodes}
      edges={overview ? NO_EDGES : edges}
      nodeTypes={NODE_TYPES}
      edgeTypes={EDGE_TYPES}
      onInit={onInit}
      onNodesChange={changeNodes}
      onEdgesChange={changeLinks}
      onNodeClick={clickNode}
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
      onPointerLeave={forgetPointer}
      onDoubleClick={overview ? goTo : openSearch}
      onPaneContextMenu={openCanvasMenu}
      onNodeContextMenu={openNodeMenu}
      onEdgeContextMenu={openLinkMenu}
      onEdgeDoubleClick={bend}
      {...(overview && {
        onPaneClick: selectAt,
        onSelectionStart: startBox,
        onSelectionEnd: endBox,
      })}
      {...(viewport ? { defaultViewport: viewport } : { fitView: true, fitViewOptions: FIT })}
      onlyRenderVisibleElements
      elevateNodesOnSelect
      snapGrid={SNAP}
      snapToGrid={snap}
      minZoom={0.05}
      maxZoom={2.5}
      panOnDrag={PAN_BUTTONS}
      selectionMode={SelectionMode.Partial}
      selectionKeyCode="Shift"
      multiSelectionKeyCode={["Control", "Meta", "Shift"]}
      panActivationKeyCode={null}
      deleteKeyCode={null}
      disableKeyboardA11y
      edgesFocusable={false}
      zoomOnDoubleClick={false}
      connectionRadius={24}
      reconnectRadius={12}
      proOptions={NO_ATTRIBUTION}
    >
      <Ground />
      {overview && <Overview nodes={nodes} edges={edges} />}
      <MiniMap nodes={nodes} />
      <Wiring />
    </ReactFlow>
  );
}

function notePointer(event: MouseEvent): void {
  setPointer([event.clientX, event.clientY]);
}

function forgetPointer(): void {
  setPointer(null);
}

function bend(event: MouseEvent, edge: LinkEdge): void {
  addBend(edge.id.slice(LINK_PREFIX.length), toGraph([event.clientX, event.clientY]));
}

function openSearch(event: MouseEvent): void {
  if (!(event.target as Element).classList.contains("react-flow__pane")) return;
  const screen = [event.clientX, event.clientY] as const;
  useEditor.getState().setView({ search: { at: toGraph(screen), screen, linking: null } });
}
