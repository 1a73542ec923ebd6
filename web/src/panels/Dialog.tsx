/** A dialog over the whole window. Escape, its cross and a press beside it close it. */

import { type ReactNode, useEffect, useRef } from "react";
import { useText } from "../i18n";
import { useEditor } from "../store/store";
import { Icon } from "./Icon";

interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  /** More controls in its head. */
  readonly tools?: ReactNode;
  readonly size?: "small" | "medium" | "large";
  readonly onClose?: () => void;
}

export function Dialog({
  title,
  children,
  tools,
  size = "small",
  onClose = closeDialog,
}: DialogProps) {
  const t = useText();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    // One begins in its field, not at its cross, which the browser would take.
    element?.querySelector<HTMLElement>("[data-begin]")?.focus();
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same
    <dialog
      ref={dialog}
      className={`dialog popover ${size}`}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className="dialog-body">
        <header className="panel-header">
          <h2>{title}</h2>
          {tools}
          <button
            type="button"
            className="icon-button"
            aria-label={t("app.close_dialog")}
            onClick={onClose}
          >
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

export function closeDialog(): void {
  const { panels, setView } = useEditor.getState();
  const { dialog: _, ...others } = panels;
  setView({ panels: others });
}

export function openDialog(name: string): void {
  const { panels, setView } = useEditor.getState();
  setView({ panels: { ...panels, dialog: name } });
}
