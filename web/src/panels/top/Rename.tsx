/** Another name for a saved workflow. Its versions go along, and so do the tabs that show it. */

import { type FormEvent, type KeyboardEvent, useEffect, useState } from "react";
import { renameSaved } from "../../actions/file";
import { ApiError } from "../../api/http";
import { useText } from "../../i18n";
import { activeDocument } from "../../store/documents";
import { useEditor } from "../../store/store";
import { closeDialog, Dialog } from "../Dialog";

/** For the workflow that is shown. */
export function Rename() {
  const t = useText();
  // The tab has the new name before the dialog is closed.
  const [name] = useState(() => activeDocument(useEditor.getState())?.savedAs);
  if (!name) return null;
  return (
    <Dialog title={t("doc.rename_this", { name })}>
      <RenameForm name={name} onDone={closeDialog} />
    </Dialog>
  );
}

export function RenameForm({ name, onDone }: { name: string; onDone: () => void }) {
  const t = useText();
  const library = useEditor((state) => state.library);
  const [value, setValue] = useState(name);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  useEffect(() => {
    useEditor
      .getState()
      .loadLibrary()
      .catch(() => {}); // renaming asks the server anyway
  }, []);
  const wanted = value.trim();
  const taken = wanted !== name && library?.some((entry) => entry.name === wanted);
  const problem = taken ? t("doc.name_taken", { name: wanted }) : refused;

  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    if (wanted === name) return onDone();
    if (!wanted || taken) return;
    setBusy(true);
    try {
      await renameSaved(name, wanted);
      onDone();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const isTaken = error.status === 409;
      setRefused(isTaken ? t("doc.name_taken", { name: wanted }) : error.message);
      setBusy(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault(); // the dialog around it stays
    event.stopPropagation();
    onDone();
  };

  return (
    <form className="rename" onSubmit={(event) => void onSubmit(event)}>
      <label className="labelled">
        {t("doc.name")}
        <input
          className="text-input"
          data-begin
          // biome-ignore lint/a11y/noAutofocus: it is shown in order to type
          autoFocus
          required
          maxLength={100}
          value={value}
          aria-invalid={problem !== null}
          onFocus={(event) => event.currentTarget.select()}
          onChange={(event) => {
            setValue(event.currentTarget.value);
            setRefused(null);
          }}
          onKeyDown={onKeyDown}
        />
      </label>
      {problem && (
        <p className="form-problem" role="alert">
          {problem}
        </p>
      )}
      <div className="dialog-buttons">
        <button type="button" className="button" onClick={onDone}>
          {t("app.cancel")}
        </button>
        <button
          type="submit"
          className="button primary"
          disabled={!wanted || taken === true || busy}
        >
          {t("doc.rename_do")}
        </button>
      </div>
    </form>
  );
}
