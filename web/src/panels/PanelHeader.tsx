/** The head of a panel beside the canvas: its title, its tools, and a cross. */

import type { ReactNode } from "react";
import { useText } from "../i18n";
import { useEditor } from "../store/store";
import type { PanelPlace } from "../store/view";
import { Icon } from "./Icon";

interface PanelHeaderProps {
  readonly title: string;
  readonly place: Exclude<PanelPlace, "dialog">;
  readonly children?: ReactNode;
}

export function PanelHeader({ title, place, children }: PanelHeaderProps) {
  const t = useText();
  return (
    <header className="panel-header">
      <h2>{title}</h2>
      {children}
      <button
        type="button"
        className="icon-button"
        aria-label={t("app.close_panel")}
        onClick={() => close(place)}
      >
        <Icon name="close" />
      </button>
    </header>
  );
}

function close(place: PanelPlace): void {
  const { panels, setView } = useEditor.getState();
  const { [place]: _, ...others } = panels;
  setView({ panels: others });
}
