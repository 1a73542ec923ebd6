/** The open documents. */

import { type DragEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { perform } from "../../actions";
import { closeTab } from "../../actions/file";
import { useText } from "../../i18n";
import { isUnsaved } from "../../store/documents";
import { useEditor } from "../../store/store";
import { Icon } from "../Icon";

/** What is dragged, so that other things dropped on a tab are left alone. */
const TAB = "application/x-graphgen-tab";

export function Tabs() {
  const t = useText();
  const order = useEditor((state) => state.order);
  return (
    <nav className="tabs" aria-label={t("app.tabs")}>
      {order.map((id) => (
        <Tab key={id} id={id} />
      ))}
      <button
        type="button"
        className="icon-button"
        aria-label={t("doc.new")}
        title={t("doc.new")}
        data-action="doc.new"
        onClick={() => perform("doc.new")}
      >
        <Icon name="plus" />
      </button>
    </nav>
  );
}

function Tab({ id }: { id: string }) {
  const t = useText();
  const active = useEditor((state) => state.active === id);
  const name = useEditor((state) => {
    const document = state.documents[id];
    return document?.history.document.name || document?.savedAs;
  });
  const unsaved = useEditor((state) => {
    const document = state.documents[id];
    return document !== undefined && isUnsaved(document);
  });
  const status = useEditor((state) => {
    const run = state.runs[state.documents[id]?.run ?? ""]?.status;
    return run === "running" || run === "queued" ? run : null;
  });
  const [renaming, setRenaming] = useState(false);
  const [side, setSide] = useState<"before" | "after" | null>(null);
  const tab = useRef<HTMLDivElement>(null);
  const { activate, move, order } = useEditor.getState();
  const title = name || t("app.untitled");

  useEffect(() => {
    if (active) tab.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [active]);

  const onDragOver = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes(TAB)) return;
    event.preventDefault();
    const { left, width } = event.currentTarget.getBoundingClientRect();
    setSide(event.clientX < left + width / 2 ? "before" : "after");
  };
  const onDrop = (event: DragEvent) => {
    const dragged = event.dataTransfer.getData(TAB);
    setSide(null);
    if (!dragged) return;
    event.preventDefault();
    const others = useEditor.getState().order.filter((other) => other !== dragged);
    if (dragged !== id) move(dragged, others.indexOf(id) + (side === "after" ? 1 : 0));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (event.key === "F2") setRenaming(true);
    else if (by !== 0 && event.altKey) move(id, order.indexOf(id) + by);
    else return;
    event.preventDefault();
  };

  const classes = ["tab", active && "active", side && `drop-${side}`];
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it is dragged; keys move it, too
    <div
      ref={tab}
      className={classes.filter(Boolean).join(" ")}
      data-tab={title}
      draggable={!renaming}
      onDragStart={(event) => event.dataTransfer.setData(TAB, id)}
      onDragOver={onDragOver}
      onDragLeave={() => setSide(null)}
      onDrop={onDrop}
      onAuxClick={(event) => {
        if (event.button === 1) closeTab(id);
      }}
    >
      {renaming ? (
        <TabName id={id} name={title} onDone={() => setRenaming(false)} />
      ) : (
        <button
          type="button"
          aria-current={active}
          title={t("doc.rename_hint")}
          onClick={() => activate(id)}
          onDoubleClick={() => setRenaming(true)}
          onKeyDown={onKeyDown}
        >
          {status && <i className={`tab-run ${status}`} title={t(`run.${status}`)} />}
          <span className="tab-title">{title}</span>
          {unsaved && <i className="unsaved" role="img" aria-label={t("app.unsaved")} />}
        </button>
      )}
      <button
        type="button"
        className="icon-button small"
        aria-label={t("app.close", { name: title })}
        onClick={() => closeTab(id)}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

function TabName({ id, name, onDone }: { id: string; name: string; onDone: () => void }) {
  const t = useText();
  const over = useRef(false);
  const done = (value: string | null) => {
    if (over.current) return;
    over.current = true;
    const wanted = value?.trim();
    if (wanted && wanted !== name) useEditor.getState().rename(id, wanted);
    onDone();
  };
  return (
    <input
      className="tab-name"
      aria-label={t("doc.rename")}
      // biome-ignore lint/a11y/noAutofocus: it is shown in order to type
      autoFocus
      defaultValue={name}
      maxLength={100}
      onFocus={(event) => event.currentTarget.select()}
      onBlur={(event) => done(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") done(event.currentTarget.value);
        else if (event.key === "Escape") done(null);
        else return;
        event.preventDefault();
      }}
    />
  );
}
