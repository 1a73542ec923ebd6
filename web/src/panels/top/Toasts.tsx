/** Messages in a corner, and a word when the server is not there. */

import { useEffect, useRef, useState } from "react";
import { useText } from "../../i18n";
import { useEditor } from "../../store/store";
import type { Toast } from "../../store/toasts";
import { Icon } from "../Icon";

export function Toasts() {
  const t = useText();
  const toasts = useEditor((state) => state.toasts);
  const offline = useOffline();
  const box = useRef<HTMLDivElement>(null);
  const any = toasts.length > 0 || offline;
  // biome-ignore lint/correctness/useExhaustiveDependencies: shown again it is above dialogs
  useEffect(() => {
    box.current?.hidePopover();
    if (any) box.current?.showPopover();
  }, [toasts, any]);
  return (
    <div ref={box} className="toasts" popover="manual" role="log" aria-live="polite">
      {offline && (
        <div className="toast bad">
          <span className="spinner" />
          <p>{t("app.unreachable")}</p>
        </div>
      )}
      {toasts.map((toast) => (
        <ToastBox key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function ToastBox({ toast }: { toast: Toast }) {
  const t = useText();
  const dismiss = () => useEditor.getState().dismiss(toast.id);
  return (
    <div className={`toast ${toast.kind}`}>
      <p>
        {toast.text}
        {toast.hint && <small>{toast.hint}</small>}
      </p>
      {toast.action && (
        <button
          type="button"
          className="button"
          onClick={() => {
            dismiss();
            toast.action?.run();
          }}
        >
          {toast.action.label}
        </button>
      )}
      <button
        type="button"
        className="icon-button small"
        aria-label={t("app.close_dialog")}
        onClick={dismiss}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

/** A short break is nobody's business. */
const BREAK = 1500;

function useOffline(): boolean {
  const connected = useEditor((state) => state.connected);
  const [offline, setOffline] = useState(false);
  useEffect(() => {
    if (connected) return setOffline(false);
    const timer = setTimeout(() => setOffline(true), BREAK);
    return () => clearTimeout(timer);
  }, [connected]);
  return offline;
}
