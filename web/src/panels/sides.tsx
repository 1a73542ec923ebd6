/** What the places beside and over the canvas can show, by the names in `state.panels`. */

import { type ComponentType, lazy, Suspense } from "react";
import { useEditor } from "../store/store";
import type { PanelPlace } from "../store/view";
import { Conflict } from "./top/Conflict";
import { OpenDialog } from "./top/OpenDialog";
import { Rename } from "./top/Rename";
import { SaveAs } from "./top/SaveAs";

type Panels = Readonly<Record<string, ComponentType>>;

const Palette = lazy(async () => ({ default: (await import("./palette/Palette")).Palette }));
const Inspector = lazy(async () => ({
  default: (await import("./inspector/Inspector")).Inspector,
}));
const ShortcutSheet = lazy(async () => ({
  default: (await import("./shortcuts/ShortcutSheet")).ShortcutSheet,
}));

const Gallery = lazy(() => import("./gallery/Gallery"));
const QueuePanel = lazy(() => import("./queue/QueuePanel"));
const Templates = lazy(() => import("./templates/Templates"));
const Versions = lazy(() => import("./versions/Versions"));

const LEFT: Panels = { palette: Palette };
const RIGHT: Panels = { inspector: Inspector, queue: QueuePanel, versions: Versions };
const DIALOGS: Panels = {
  shortcuts: ShortcutSheet,
  open: OpenDialog,
  save_as: SaveAs,
  rename: Rename,
  conflict: Conflict,
  templates: Templates,
  gallery: Gallery,
};
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
