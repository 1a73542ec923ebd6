/** Runs that wait. They are put into another order by dragging, or by Alt and the arrows. */

import { type DragEvent, type KeyboardEvent, useState } from "react";
import { api } from "../../api/client";
import { useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { tell } from "../../store/tell";
import { Icon } from "../Icon";
import { CancelRun } from "./CancelRun";

const RUN = "application/x-graphgen-run";
const PRIORITIES = [10, 0, -10];

export function Queued({ ids }: { ids: readonly string[] }) {
  const t = useText();
  const cancelAll = () => {
    for (const id of ids) void useEditor.getState().cancel(id);
  };
  const move = (id: string, to: number) => {
    const others = ids.filter((other) => other !== id);
    const at = Math.max(0, Math.min(to, others.length));
    const order = [...others.slice(0, at), id, ...others.slice(at)];
    api.reorder(order).then(useEditor.getState().setQueue, tell);
  };
  return (
    <section aria-label={t("queue.queued")}>
      <h3>
        {t("queue.queued")}
        <span className="count">{ids.length}</span>
        <button type="button" className="link-button" onClick={cancelAll}>
          {t("queue.cancel_all")}
        </button>
      </h3>
      <ul className="rows">
        {ids.map((id, index) => (
          <Waiting key={id} id={id} index={index} onMove={move} />
        ))}
      </ul>
    </section>
  );
}

interface WaitingProps {
  readonly id: string;
  readonly index: number;
  readonly onMove: (id: string, to: number) => void;
}

function Waiting({ id, index, onMove }: WaitingProps) {
  const t = useText();
  const run = useEditor((state) => state.runs[id]);
  const [over, setOver] = useState(false);
  const name = run?.name || t("app.untitled");
  const priority = run?.priority ?? 0;
  const onDragOver = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes(RUN)) return;
    event.preventDefault();
    setOver(true);
  };
  const onDrop = (event: DragEvent) => {
    setOver(false);
    const dragged = event.dataTransfer.getData(RUN);
    if (!dragged) return;
    event.preventDefault();
    if (dragged !== id) onMove(dragged, index);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    if (by === 0 || !event.altKey) return;
    event.preventDefault();
    onMove(id, index + by);
  };
  const prioritise = (value: number) => {
    const answered = api.prioritise(id, value).then(() => api.queue());
    answered.then((queue) => {
      useEditor.getState().setQueue(queue);
      useEditor.getState().notePriority(id, value);
    }, tell);
  };
  return (
    <li
      className={over ? "row run-row over" : "row run-row"}
      data-run={id}
      draggable
      onDragStart={(event) => event.dataTransfer.setData(RUN, id)}
      onDragOver={onDragOver}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <button
        type="button"
        className="grip"
        aria-label={t("queue.move", { name })}
        title={t("queue.move_hint")}
        onKeyDown={onKeyDown}
      >
        <Icon name="grip" />
      </button>
      <div className="row-main">
        <b>{name}</b>
      </div>
      <select
        className="priority"
        aria-label={t("queue.priority")}
        title={t("queue.priority")}
        value={priority}
        onChange={(event) => prioritise(Number(event.currentTarget.value))}
      >
        {[...new Set([...PRIORITIES, priority])].map((value) => (
          <option key={value} value={value}>
            {priorityName(value, t)}
          </option>
        ))}
      </select>
      <CancelRun id={id} />
    </li>
  );
}

function priorityName(value: number, t: ReturnType<typeof useText>): string {
  if (value === 10) return t("queue.high");
  if (value === 0) return t("queue.normal");
  if (value === -10) return t("queue.low");
  return String(value);
}
