/** What the places beside and over the canvas can show, by the names in `state.panels`. */

import { type ComponentType, Suspense } from "react";
import { useEditor } from "../store/store";
import type { PanelPlace } from "../store/view";

type Panels = Readonly<Record<string, ComponentType>>;

const LEFT: Panels = {};
const RIGHT: Panels = {};
const DIALOGS: Panels = {};
const AT: Readonly<Record<PanelPlace, Panels>> = { left: LEFT, right: RIGHT, dialog: DIALOGS };

/** The panel that is open at a place; its code may come later. */
export function Side({ place }: { place: PanelPlace }) {
  const name = useEditor((state) => state.panels[place]);
  const Panel = name === undefined ? undefined : AT[place][name];
  if (!Panel) return null;
  if (place === "dialog") {
    return (
      <Suspense>
        <Panel />
      </Suspense>
    );
  }
  return (
    <aside className={`side ${place}`}>
      <Suspense>
        <Panel />
      </Suspense>
    </aside>
  );
}
