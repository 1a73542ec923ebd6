/** Ends a run, or takes it out of the queue. */

import { useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { Icon } from "../Icon";

export function CancelRun({ id }: { id: string }) {
  const t = useText();
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={t("run.cancel")}
      title={t("run.cancel")}
      onClick={() => void useEditor.getState().cancel(id)}
    >
      <Icon name="close" />
    </button>
  );
}
