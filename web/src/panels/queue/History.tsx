/** Runs that are over, newest first; one opens to all that it made. */

import { useState } from "react";
import { openRun } from "../../actions/file";
import type { Run, RunStatus } from "../../api/types";
import { duration } from "../../canvas/CardHeader";
import { useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { tell } from "../../store/tell";
import { openDialog } from "../Dialog";
import { Output } from "../gallery/Output";
import { Pixels } from "../gallery/Picture";
import { isPicture, pictureId, picturesOf, urlOf } from "../gallery/pictures";
import { useAgo } from "./time";

const FILTERS: readonly (RunStatus | "all")[] = ["all", "succeeded", "failed", "cancelled"];

export function History() {
  const t = useText();
  const past = useEditor((state) => state.past);
  const next = useEditor((state) => state.pastNext);
  const [filter, setFilter] = useState<RunStatus | "all">("all");
  const [open, setOpen] = useState<string | null>(null);
  const shown = (past ?? []).filter((run) => filter === "all" || run.status === filter);
  return (
    <section aria-label={t("queue.history")}>
      <h3>
        {t("queue.history")}
        <select
          className="priority"
          aria-label={t("queue.filter")}
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value as RunStatus | "all")}
        >
          {FILTERS.map((value) => (
            <option key={value} value={value}>
              {t(value === "all" ? "queue.all" : (`run.${value}` as "run.failed"))}
            </option>
          ))}
        </select>
      </h3>
      <ul className="rows">
        {shown.map((run) => (
          <Past
            key={run.run_id}
            run={run}
            open={open === run.run_id}
            onOpen={() => setOpen(open === run.run_id ? null : run.run_id)}
          />
        ))}
      </ul>
      {past !== null && shown.length === 0 && <p className="empty">{t("queue.none")}</p>}
      {next !== null && (
        <button
          type="button"
          className="button load-more"
          onClick={() => void useEditor.getState().loadMorePast().catch(tell)}
        >
          {t("queue.more")}
        </button>
      )}
    </section>
  );
}

const THUMBNAIL = 96;

function Past({ run, open, onOpen }: { run: Run; open: boolean; onOpen: () => void }) {
  const t = useText();
  const ago = useAgo();
  const [picture] = picturesOf([run]);
  return (
    <li className="past" data-run={run.run_id}>
      <button type="button" className="row past-row" aria-expanded={open} onClick={onOpen}>
        <span className="thumbnail">
          {picture && <Pixels src={urlOf(picture, THUMBNAIL)} alt="" lazy />}
        </span>
        <span className="row-main">
          <b>{run.name || run.workflow_name || t("app.untitled")}</b>
          <span className="muted">
            <span className={`status ${run.status}`}>{t(`run.${run.status}`)}</span>
            {" · "}
            {ago(run.created)}
            {run.seconds !== null && ` · ${duration(run.seconds)}`}
          </span>
        </span>
      </button>
      {open && <PastDetails run={run} />}
    </li>
  );
}

const EDGE = 512;
/** How many items of an output are shown. */
const MOST = 24;

function PastDetails({ run }: { run: Run }) {
  const t = useText();
  return (
    <div className="past-details">
      {run.problems.map((problem, index) => (
        <p key={index} className="form-problem">
          {[problem.node, problem.port].filter(Boolean).join(".")} {problem.message}
          {problem.hint && <small>{problem.hint}</small>}
        </p>
      ))}
      {Object.entries(run.outputs).map(([name, items]) => (
        <div key={name} className="past-output">
          <h4>
            {name}
            {items.length > 1 && <span className="count">{items.length}</span>}
          </h4>
          <div className={items.length > 1 ? "past-items several" : "past-items"}>
            {items.slice(0, MOST).map((item, index) => {
              const id = pictureId(run.run_id, name, index);
              const output = (
                <Output
                  key={id}
                  run={run.run_id}
                  name={name}
                  index={index}
                  item={item}
                  edge={EDGE}
                />
              );
              return isPicture(item) ? (
                <button
                  key={id}
                  type="button"
                  aria-label={t("gallery.view", { name })}
                  onClick={() => {
                    useEditor.getState().setViewed(id);
                    openDialog("gallery");
                  }}
                >
                  {output}
                </button>
              ) : (
                <div key={id}>{output}</div>
              );
            })}
          </div>
        </div>
      ))}
      <button type="button" className="button" onClick={() => void openRun(run.run_id)}>
        {t("gallery.open_workflow")}
      </button>
    </div>
  );
}
