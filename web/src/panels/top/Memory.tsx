/** What the server keeps where: outputs of nodes by tier, models by device. */

import { useCallback, useEffect, useRef, useState } from "react";
import { api } from "../../api/client";
import { showBytes } from "../../api/files";
import type { MemoryDevice, MemoryTier, MemoryUse } from "../../api/types";
import { useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { tell } from "../../store/tell";
import { Icon } from "../Icon";
import { Popover } from "../Popover";

export function MemoryButton() {
  const t = useText();
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const anchor = open && button.current?.getBoundingClientRect();
  const close = useCallback(() => setOpen(false), []);
  return (
    <>
      <button
        type="button"
        ref={button}
        className="icon-button"
        aria-label={t("memory.title")}
        title={t("memory.title")}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name="memory" />
      </button>
      {anchor && (
        <Popover anchor={anchor} label={t("memory.title")} className="menu memory" onClose={close}>
          <Memory />
        </Popover>
      )}
    </>
  );
}

/** How often it is asked again while it is looked at, in milliseconds. */
const AGAIN = 2000;

function Memory() {
  const t = useText();
  const [use, setUse] = useState<MemoryUse | null>(null);
  const [busy, setBusy] = useState(false);
  const look = useCallback(() => api.memory().then(setUse), []);
  useEffect(() => {
    look().catch(tell);
    const timer = setInterval(() => look().catch(() => undefined), AGAIN); // it may be back soon
    return () => clearInterval(timer);
  }, [look]);
  const free = async () => {
    setBusy(true);
    try {
      const { freed } = await api.freeMemory();
      await look();
      const text = t("memory.freed", { size: showBytes(freed) });
      useEditor.getState().notify({ kind: "good", text });
    } catch (error) {
      tell(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" className="button" disabled={busy} onClick={() => void free()}>
        {t("memory.free")}
      </button>
      {use?.devices.map((device) => (
        <Device key={device.name} device={device} use={use} />
      ))}
      {use?.tiers
        .filter(({ name }) => !use.devices.some((device) => device.name === name))
        .map((tier) => (
          <section key={tier.name} data-device={tier.name}>
            <h3>{tier.name === "disk" ? t("memory.disk") : tier.name}</h3>
            <Tier tier={tier} />
          </section>
        ))}
    </>
  );
}

function Device({ device, use }: { device: MemoryDevice; use: MemoryUse }) {
  const t = useText();
  const tier = use.tiers.find(({ name }) => name === device.name);
  const models = use.models.filter((model) => model.device === device.name);
  return (
    <section data-device={device.name}>
      <h3>
        {device.name === "cpu" ? t("memory.host") : device.name}
        {device.total > 0 && (
          <span className="muted">
            {t("memory.free_of", {
              free: showBytes(device.free),
              total: showBytes(device.total),
            })}
          </span>
        )}
      </h3>
      {tier && <Tier tier={tier} />}
      {models.length > 0 && (
        <Meter
          label={t("memory.models")}
          held={device.weights}
          budget={device.weights_budget ?? (device.total || null)}
        />
      )}
      <ul>
        {models.map((model) => (
          <li key={`${model.name} ${model.dtype}`}>
            <span>{model.name}</span>
            <span className="muted">
              {showBytes(model.bytes)} · {model.dtype}
              {model.users > 0 && ` · ${t("memory.in_use")}`}
              {model.offloaded && ` · ${t("memory.streamed")}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Tier({ tier }: { tier: MemoryTier }) {
  const t = useText();
  return (
    <>
      <Meter label={t("memory.outputs")} held={tier.bytes} budget={tier.budget} />
      <p className="muted">
        {t("memory.counts", {
          entries: tier.entries,
          hits: tier.hits,
          evictions: tier.evictions,
        })}
      </p>
    </>
  );
}

interface MeterProps {
  readonly label: string;
  readonly held: number;
  /** Null for no limit. */
  readonly budget: number | null;
}

function Meter({ label, held, budget }: MeterProps) {
  return (
    <div className="labelled-meter">
      <span>{label}</span>
      <span className="muted">
        {showBytes(held)}
        {budget !== null && ` / ${showBytes(budget)}`}
      </span>
      <meter aria-label={label} min={0} max={budget || held || 1} value={held} />
    </div>
  );
}
