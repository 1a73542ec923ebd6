/** Asks for the name under which the server is to keep a workflow. */

import { type FormEvent, useEffect, useState } from "react";
import { saveTo } from "../../actions/file";
import { useText } from "../../i18n";
import { activeDocument } from "../../store/documents";
import { useEditor } from "../../store/store";
import { tell } from "../../store/tell";
import { closeDialog, Dialog } from "../Dialog";

export function SaveAs() {
  const t = useText();
  const document = useEditor(activeDocument);
  const library = useEditor((state) => state.library);
  const [name, setName] = useState(() => suggested(document?.history.document.name ?? ""));
  const [saving, setSaving] = useState(false);
  useEffect(() => {
    useEditor.getState().loadLibrary().catch(tell);
  }, []);
  if (!document) return null;
  const wanted = name.trim();
  const taken = library?.find((entry) => entry.name === wanted && wanted !== document.savedAs);

  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    setSaving(true);
    // People look for it under the name that they gave it.
    const { rename, undo } = useEditor.getState();
    const renamed = wanted !== suggested(document.history.document.name);
    if (renamed) rename(document.id, wanted);
    if (await saveTo(document.id, wanted, taken?.revision)) closeDialog();
    else if (renamed) undo();
    setSaving(false);
  };

  return (
    <Dialog title={t("doc.save_as")}>
      <form onSubmit={(event) => void onSubmit(event)}>
        <label className="labelled">
          {t("doc.name")}
          <input
            className="text-input"
            data-begin
            required
            maxLength={100}
            value={name}
            onFocus={(event) => event.currentTarget.select()}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        </label>
        {taken && <p className="form-problem">{t("doc.taken", { name: wanted })}</p>}
        <div className="dialog-buttons">
          <button type="button" className="button" onClick={closeDialog}>
            {t("app.cancel")}
          </button>
          <button type="submit" className="button primary" disabled={!wanted || saving}>
            {t(taken ? "doc.overwrite" : "doc.save")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** A name that a file can have. */
function suggested(title: string): string {
  return title.replace(/[^\p{L}\p{N} ._-]/gu, " ").trim();
}
