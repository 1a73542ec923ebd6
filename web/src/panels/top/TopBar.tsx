/** The bar at the top: the menu, tabs, undo and redo, panels, run. */

import { activeDocument } from "../../store/documents";
import { useEditor } from "../../store/store";
import { ActionButton } from "../ActionButton";
import { FileMenu } from "./FileMenu";
import { MemoryButton } from "./Memory";
import { RunControls } from "./RunControls";
import { Tabs } from "./Tabs";

export function TopBar() {
  const open = useEditor((state) => activeDocument(state) !== null);
  return (
    <header className="top-bar">
      <FileMenu />
      <Tabs />
      <div className="spacer" />
      {open && (
        <div className="top-tools">
          <ActionButton action="edit.undo" icon="undo" />
          <ActionButton action="edit.redo" icon="redo" />
          <ActionButton action="view.fit" icon="fit" />
          <ActionButton action="doc.save" icon="save" />
        </div>
      )}
      {open && (
        <div className="top-tools">
          <ActionButton action="view.form" icon="form" />
          <ActionButton action="view.palette" icon="nodes" />
          <ActionButton action="view.inspector" icon="info" />
        </div>
      )}
      <ActionButton action="view.shortcuts" icon="help" />
      <ActionButton action="panel.gallery" icon="pictures" />
      <QueueButton />
      <MemoryButton />
      <RunControls />
    </header>
  );
}

/** Opens the queue; says how many runs are in it. */
function QueueButton() {
  const waiting = useEditor(({ queue }) => queue.queued.length + queue.running.length);
  return (
    <div className="queue-button">
      <ActionButton action="panel.queue" icon="queue" />
      {waiting > 0 && <b className="count">{waiting}</b>}
    </div>
  );
}
