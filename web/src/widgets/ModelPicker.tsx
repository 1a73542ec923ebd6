/** A model by its name, picked from those that packs and the folder of models have. */

import { useRef, useState } from "react";
import { listModels, showBytes } from "../api/files";
import { useText } from "../i18n";
import { Icon } from "../panels/Icon";
import { type Anchor, Popover } from "../panels/Popover";
import { useLoaded } from "./useLoaded";
import type { Widget, WidgetProps } from "./widget";

function ModelPicker({ id, label, value, schema, onChange }: WidgetProps) {
  const t = useText();
  const [anchor, setAnchor] = useState<Anchor | null>(null);
  const field = useRef<HTMLButtonElement>(null);
  const present = value ?? schema.default;
  const name = typeof present === "string" && present ? present : null;
  return (
    <>
      <button
        ref={field}
        type="button"
        className="field pick nodrag"
        data-widget={id}
        aria-haspopup="dialog"
        aria-expanded={anchor !== null}
        aria-label={`${label}: ${name ?? t("model.choose")}`}
        onClick={() => setAnchor(field.current?.getBoundingClientRect() ?? null)}
      >
        <span className="field-label">{label}</span>
        <span className={name ? "field-value" : "field-value open"}>
          {name ?? t("model.choose")}
        </span>
        <Icon name="down" />
      </button>
      {anchor && (
        <Models
          anchor={anchor}
          label={label}
          chosen={name}
          onPick={(picked) => {
            onChange(picked);
            setAnchor(null);
          }}
          onClose={() => setAnchor(null)}
        />
      )}
    </>
  );
}

interface ModelsProps {
  readonly anchor: Anchor;
  readonly label: string;
  readonly chosen: string | null;
  readonly onPick: (name: string) => void;
  readonly onClose: () => void;
}

function Models({ anchor, label, chosen, onPick, onClose }: ModelsProps) {
  const t = useText();
  const [query, setQuery] = useState("");
  const models = useLoaded(listModels);
  const typed = query.trim();
  const found = models?.filter(({ name }) => name.toLowerCase().includes(typed.toLowerCase()));
  return (
    <Popover anchor={anchor} label={label} className="browser" onClose={onClose}>
      <div className="browser-bar">
        <input
          type="search"
          placeholder={t("model.search")}
          aria-label={t("model.search")}
          value={query}
          onChange={({ currentTarget }) => setQuery(currentTarget.value)}
          onKeyDown={({ key }) => {
            if (key === "Enter" && typed) onPick(found?.[0]?.name ?? typed);
          }}
        />
      </div>
      <div className="model-list">
        {found?.map((model) => (
          <button
            key={model.name}
            type="button"
            aria-pressed={model.name === chosen}
            data-model={model.name}
            onClick={() => onPick(model.name)}
          >
            <Icon name={model.source === "pack" ? "pack" : model.kind} />
            <span className="browser-name">{model.name}</span>
            <small className="muted">{showBytes(model.bytes)}</small>
          </button>
        ))}
      </div>
      {found?.length === 0 && <p className="browser-note">{t("model.none")}</p>}
    </Popover>
  );
}

export const modelPicker: Widget = {
  name: "model",
  suits: (input, { widget }) => widget === "model" && input.type.depth === 0,
  height: 32,
  Component: ModelPicker,
};
