/** The bar at the top: tabs, undo and redo, run. */

import { activeDocument } from "../../store/documents";
import { useEditor } from "../../store/store";
import { isDark } from "../../theme/theme";
import { ActionButton } from "../ActionButton";
import { RunControls } from "./RunControls";
import { Tabs } from "./Tabs";

export function TopBar() {
  const dark = useEditor((state) => isDark(state.theme));
  const open = useEditor((state) => activeDocument(state) !== null);
  return (
    <header className="top-bar">
      <img className="logo" src="/icon.svg" alt="graphgen" />
      <Tabs />
      <div className="spacer" />
      {open && (
        <>
          <ActionButton action="edit.undo" icon="undo" />
          <ActionButton action="edit.redo" icon="redo" />
          <ActionButton action="view.fit" icon="fit" />
        </>
      )}
      <ActionButton action="view.theme" icon={dark ? "sun" : "moon"} />
      <ActionButton action="view.language" />
      <RunControls />
    </header>
  );
}
