/** Somebody else saved the same workflow: the ways out, none of which loses anything. */

import { saveTo } from "../../actions/file";
import { useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { tell } from "../../store/tell";
import { closeDialog, Dialog, openDialog } from "../Dialog";

export function Conflict() {
  const t = useText();
  const conflict = useEditor((state) => state.conflict);
  if (!conflict) return null;
  const { document, name, current } = conflict;
  const { setConflict, takeSaved } = useEditor.getState();
  const close = () => {
    setConflict(null);
    closeDialog();
  };
  const overwrite = async () => {
    if (await saveTo(document, name, current)) closeDialog();
  };
  const take = () => {
    takeSaved(document, name).then(closeDialog, tell);
  };
  return (
    <Dialog title={t("conflict.title")} onClose={close}>
      <div className="dialog-text">
        <p>{t(current > 0 ? "conflict.changed" : "conflict.deleted", { name })}</p>
        <div className="ways">
          <button type="button" className="way" onClick={() => openDialog("save_as")}>
            <b>{t("conflict.save_as")}</b>
            <span>{t("conflict.save_as_about")}</span>
          </button>
          {current > 0 && (
            <button type="button" className="way" onClick={take}>
              <b>{t("conflict.take")}</b>
              <span>{t("conflict.take_about")}</span>
            </button>
          )}
          <button type="button" className="way" onClick={() => void overwrite()}>
            <b>{t("conflict.overwrite")}</b>
            <span>{t("conflict.overwrite_about")}</span>
          </button>
        </div>
      </div>
    </Dialog>
  );
}
