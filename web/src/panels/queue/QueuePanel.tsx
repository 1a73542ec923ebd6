/** What runs, what waits in which order, and what was run. */

import { useEffect } from "react";
import { api } from "../../api/client";
import { useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { tell } from "../../store/tell";
import { Icon } from "../Icon";
import { PanelHeader } from "../PanelHeader";
import { History } from "./History";
import { Queued } from "./Queued";
import { Running } from "./Running";

export default function QueuePanel() {
  const t = useText();
  const paused = useEditor((state) => state.queue.paused);
  const running = useEditor((state) => state.queue.running);
  const queued = useEditor((state) => state.queue.queued);
  const { setQueue, loadPast } = useEditor.getState();
  useEffect(() => {
    loadPast().catch(tell);
    api.queue().then(setQueue, tell);
  }, [loadPast, setQueue]);
  const label = t(paused ? "queue.resume" : "queue.pause");
  return (
    <>
      <PanelHeader title={t("panel.queue")} place="right">
        <button
          type="button"
          className="icon-button"
          aria-label={label}
          title={label}
          onClick={() => void api.pause(!paused).then(setQueue, tell)}
        >
          <Icon name={paused ? "play" : "pause"} />
        </button>
      </PanelHeader>
      <div className="side-scroll">
        {paused && <p className="queue-paused">{t("queue.paused")}</p>}
        {running.length > 0 && (
          <section aria-label={t("queue.running")}>
            <h3>{t("queue.running")}</h3>
            <ul className="rows">
              {running.map((id) => (
                <Running key={id} id={id} />
              ))}
            </ul>
          </section>
        )}
        {queued.length > 0 && <Queued ids={queued} />}
        <History />
      </div>
    </>
  );
}
