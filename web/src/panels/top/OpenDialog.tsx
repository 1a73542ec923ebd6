/** The saved workflows, to open one. */

import { useEffect, useState } from "react";
import { perform } from "../../actions";
import type { SavedEntry } from "../../api/types";
import { useText } from "../../i18n";
import { isUnsaved } from "../../store/documents";
import { useEditor } from "../../store/store";
import { tell } from "../../store/tell";
import { closeDialog, Dialog, openDialog } from "../Dialog";
import { Icon } from "../Icon";
import { useAgo } from "../queue/time";
import { Deleted, remove } from "./Deleted";
import { RenameForm } from "./Rename";

export function OpenDialog() {
  const t = useText();
  const library = useEditor((state) => state.library);
  const [query, setQuery] = useState("");
  useEffect(() => {
    useEditor.getState().loadLibrary().catch(tell);
  }, []);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const filter = (entries: readonly SavedEntry[]) =>
    entries
      .filter(({ name, title, description }) => {
        const about = `${name} ${title} ${description}`.toLowerCase();
        return words.every((word) => about.includes(word));
      })
      .sort((a, b) => b.modified - a.modified);
  const found = filter(library ?? []);

  return (
    <Dialog title={t("doc.open")} size="medium">
      <div className="dialog-search">
        <input
          className="text-input"
          type="search"
          data-begin
          aria-label={t("doc.search")}
          placeholder={t("doc.search")}
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
          onKeyDown={(event) => {
            const first = found[0];
            if (event.key === "Enter" && first) openSaved(first.name);
          }}
        />
        <button type="button" className="button" onClick={() => perform("doc.import")}>
          {t("doc.import")}
        </button>
      </div>
      <ul className="rows">
        {found.map((entry) => (
          <Row key={entry.name} entry={entry} />
        ))}
      </ul>
      {library !== null && found.length === 0 && (
        <div className="empty">
          <p>{t(library.length > 0 ? "doc.none_found" : "doc.none_saved")}</p>
          <button type="button" className="button" onClick={() => openDialog("templates")}>
            {t("doc.templates")}
          </button>
        </div>
      )}
      <Closed />
      <Deleted filter={filter} />
    </Dialog>
  );
}

/** Tabs that were closed and can be opened again as they were, the last one first. */
function Closed() {
  const t = useText();
  const closed = useEditor((state) => state.closed);
  if (closed.length === 0) return null;
  return (
    <section className="recently-closed">
      <h3>{t("doc.recently_closed")}</h3>
      <ul>
        {[...closed].reverse().map((document) => (
          <li key={document.id}>
            <button
              type="button"
              className="choice"
              onClick={() => {
                useEditor.getState().reopen(document.id);
                closeDialog();
              }}
            >
              {document.history.document.name || document.savedAs || t("app.untitled")}
              {isUnsaved(document) && (
                <i className="unsaved" role="img" aria-label={t("app.unsaved")} />
              )}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Row({ entry }: { entry: SavedEntry }) {
  const t = useText();
  const ago = useAgo();
  const [asking, setAsking] = useState(false);
  const [renaming, setRenaming] = useState(false);
  if (renaming) {
    return (
      <li className="row">
        <RenameForm name={entry.name} onDone={() => setRenaming(false)} />
      </li>
    );
  }
  return (
    <li className="row">
      <button
        type="button"
        className="row-main"
        data-saved={entry.name}
        onClick={() => openSaved(entry.name)}
      >
        <b>{entry.title}</b>
        <span className="muted">
          {entry.title !== entry.name && `${entry.name} · `}
          {ago(entry.modified)}
          {entry.revision > 0 && ` · ${t("versions.number", { number: entry.revision })}`}
        </span>
        {entry.problem ? (
          <span className="form-problem">{entry.problem.message}</span>
        ) : (
          entry.description && <span className="row-about">{entry.description}</span>
        )}
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label={t("doc.rename_this", { name: entry.name })}
        title={t("doc.rename_this", { name: entry.name })}
        onClick={() => setRenaming(true)}
      >
        <Icon name="pencil" />
      </button>
      {asking ? (
        <button
          type="button"
          className="button danger"
          onClick={() => void remove(entry.name).catch(tell)}
        >
          {t("doc.delete_sure")}
        </button>
      ) : (
        <button
          type="button"
          className="icon-button"
          aria-label={t("doc.delete", { name: entry.name })}
          title={t("doc.delete", { name: entry.name })}
          onClick={() => setAsking(true)}
        >
          <Icon name="trash" />
        </button>
      )}
    </li>
  );
}

function openSaved(name: string): void {
  useEditor.getState().openSaved(name).then(closeDialog, tell);
}
