/** Run, how often, and cancel; how far the shown run is. */

import { type RefObject, useEffect, useRef, useState } from "react";
import { perform, useEnabled } from "../../actions";
import { duration } from "../../canvas/CardHeader";
import type { SeedMode } from "../../graph/batch";
import { useText } from "../../i18n";
import { showKeys } from "../../shortcuts";
import type { RunView } from "../../store/runEvents";
import { shownRun } from "../../store/selectors";
import { useEditor } from "../../store/store";
import { Icon } from "../Icon";
import { Popover } from "../Popover";

export function RunControls() {
  const t = useText();
  const run = useEditor(shownRun);
  const connected = useEditor((state) => state.connected);
  const batch = useEditor((state) => state.batch);
  const runnable = useEnabled("run.run");
  const cancellable = useEnabled("run.cancel");
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  return (
    <div className="run-controls">
      {!connected && (
        <span className="status offline" role="status">
          {t("run.offline")}
        </span>
      )}
      {connected && run && <RunStatus run={run} />}
      {cancellable && (
        <button type="button" className="button" onClick={() => perform("run.cancel")}>
          <Icon name="stop" />
          {t("run.cancel")}
        </button>
      )}
      <div className="split-button" ref={box}>
        <button
          type="button"
          className="button primary"
          title={showKeys("mod+enter")}
          data-action="run.run"
          disabled={!runnable}
          onClick={() => perform("run.run")}
        >
          <Icon name="play" />
          {t("run.run")}
          {batch > 1 && <span className="times">×{batch}</span>}
        </button>
        <button
          type="button"
          className="button primary"
          aria-label={t("run.options")}
          aria-expanded={open}
          disabled={!runnable}
          onClick={() => setOpen(!open)}
        >
          <Icon name="down" />
        </button>
      </div>
      {open && <RunOptions box={box} onClose={() => setOpen(false)} />}
    </div>
  );
}

const TITLE = "graphgen";

function RunStatus({ run }: { run: RunView }) {
  const t = useText();
  const over = Object.values(run.nodes).filter(({ status }) => status !== "running").length;
  const share = Math.round((100 * Math.min(over, run.total)) / Math.max(1, run.total));
  const title = run.status === "running" ? `${share} % · ${TITLE}` : TITLE;
  useEffect(() => {
    document.title = title; // for those who look at something else meanwhile
    return () => {
      document.title = TITLE;
    };
  }, [title]);
  return (
    <span className={`status ${run.status}`} role="status">
      {t(`run.${run.status}`)}
      {run.status === "running" && run.total > 0 && ` ${Math.min(over, run.total)}/${run.total}`}
      {run.seconds !== null && ` · ${duration(run.seconds)}`}
    </span>
  );
}

const COUNTS = [1, 2, 4, 8, 16];
const MOST = 999;

function RunOptions({ box, onClose }: { box: RefObject<HTMLElement | null>; onClose: () => void }) {
  const t = useText();
  const batch = useEditor((state) => state.batch);
  const mode = useEditor((state) => state.seedMode);
  const toSelected = useEnabled("run.to_selected");
  const { setView } = useEditor.getState();
  const anchor = box.current?.getBoundingClientRect();
  if (!anchor) return null;
  const setBatch = (value: number) =>
    setView({ batch: Math.max(1, Math.min(MOST, Math.trunc(value) || 1)) });
  return (
    <Popover
      anchor={anchor}
      label={t("run.options")}
      className="menu run-options"
      onClose={onClose}
    >
      <label className="labelled">
        {t("run.times")}
        <input
          className="text-input"
          type="number"
          min={1}
          max={MOST}
          value={batch}
          onChange={(event) => setBatch(event.currentTarget.valueAsNumber)}
        />
      </label>
      <div className="choices">
        {COUNTS.map((count) => (
          <button
            key={count}
            type="button"
            className="choice"
            aria-pressed={count === batch}
            onClick={() => setBatch(count)}
          >
            {count}
          </button>
        ))}
      </div>
      <fieldset className="seed-modes">
        <legend>{t("run.seeds")}</legend>
        {(["count", "random"] as SeedMode[]).map((value) => (
          <label key={value}>
            <input
              type="radio"
              name="seeds"
              checked={mode === value}
              onChange={() => setView({ seedMode: value })}
            />
            {t(`run.seeds_${value}`)}
          </label>
        ))}
      </fieldset>
      <hr />
      <button
        type="button"
        className="menu-item"
        data-action="run.to_selected"
        disabled={!toSelected}
        onClick={() => {
          onClose();
          perform("run.to_selected");
        }}
      >
        <span>{t("run.to_selected")}</span>
        <kbd>{showKeys("mod+shift+enter")}</kbd>
      </button>
    </Popover>
  );
}
