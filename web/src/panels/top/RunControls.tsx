/** Run and cancel, and how far the shown run is. */

import { perform, useEnabled } from "../../actions";
import { duration } from "../../canvas/CardHeader";
import { useText } from "../../i18n";
import { showKeys } from "../../shortcuts";
import { shownRun } from "../../store/selectors";
import { useEditor } from "../../store/store";
import { Icon } from "../Icon";

export function RunControls() {
  const t = useText();
  const run = useEditor(shownRun);
  const connected = useEditor((state) => state.connected);
  const runnable = useEnabled("run.run");
  const cancellable = useEnabled("run.cancel");
  return (
    <div className="run-controls">
      {!connected && <span className="status offline">{t("run.offline")}</span>}
      {connected && run && (
        <span className={`status ${run.status}`} role="status">
          {t(`run.${run.status}`)}
          {run.seconds !== null && ` · ${duration(run.seconds)}`}
        </span>
      )}
      {cancellable && (
        <button type="button" className="button" onClick={() => perform("run.cancel")}>
          <Icon name="stop" />
          {t("run.cancel")}
        </button>
      )}
      <button
        type="button"
        className="button primary"
        title={showKeys("mod+enter")}
        disabled={!runnable}
        onClick={() => perform("run.run")}
      >
        <Icon name="play" />
        {t("run.run")}
      </button>
    </div>
  );
}
