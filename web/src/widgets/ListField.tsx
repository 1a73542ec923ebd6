/** A list of plain values, one a line. Pasted lines become items of their own. */

import { type ClipboardEvent, type KeyboardEvent, useRef, useState } from "react";
import type { InputSpec } from "../graph/catalogue";
import { isObject, type Json, type JsonObject } from "../graph/json";
import { isPlain } from "../graph/types";
import { useText } from "../i18n";
import { Icon } from "../panels/Icon";
import * as lists from "./lists";
import type { Widget, WidgetProps } from "./widget";

const HEAD = 32;
const ITEM = 28;
/** More than these are scrolled. */
const MOST_SHOWN = 6;

function ListField({ id, label, value, schema, nullable, onChange }: WidgetProps) {
  const t = useText();
  const rows = useRef<HTMLDivElement>(null);
  const kind = lists.kindOf(itemNames(schema));
  const present = value ?? schema.default;
  const items = Array.isArray(present) ? present : [];

  const change = (next: Json[]) => onChange(next.length === 0 && nullable ? null : next);
  const focus = (at: number) =>
    requestAnimationFrame(() =>
      rows.current?.querySelectorAll<HTMLElement>("[data-item]")[at]?.focus(),
    );
  const add = (at: number) => {
    change(lists.inserted(items, at, [lists.freshItem(kind)]));
    focus(at);
  };
  const onKeyDown = (event: KeyboardEvent, at: number) => {
    const { key, altKey, ctrlKey, metaKey } = event;
    const empty = event.target instanceof HTMLInputElement && event.target.value === "";
    if (key === "Enter" && !ctrlKey && !metaKey) add(at + 1);
    else if (altKey && (key === "ArrowUp" || key === "ArrowDown")) {
      const by = key === "ArrowUp" ? -1 : 1;
      change(lists.movedBy(items, at, by));
      focus(Math.max(0, Math.min(items.length - 1, at + by)));
    } else if (key === "ArrowUp" && at > 0) focus(at - 1);
    else if (key === "ArrowDown" && at < items.length - 1) focus(at + 1);
    else if (key === "Backspace" && empty) {
      change(lists.removedAt(items, at));
      focus(Math.max(0, at - 1));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onPaste = (event: ClipboardEvent, at: number) => {
    const lines = event.clipboardData.getData("text").split(/\r?\n/).filter(Boolean);
    if (lines.length < 2) return;
    event.preventDefault();
    const read = lines.flatMap((line) => lists.readItem(line, kind) ?? []);
    change([...items.slice(0, at), ...read, ...items.slice(at + 1)]);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is a group of several
    <div className="list-field nodrag nowheel" role="group" aria-label={label}>
      <div className="list-head">
        <span className="field-label">{label}</span>
        <small>{items.length}</small>
        <button
          type="button"
          className="icon-button small"
          title={t("list.add")}
          aria-label={`${t("list.add")}: ${label}`}
          data-widget={id}
          onClick={() => add(items.length)}
        >
          <Icon name="plus" />
        </button>
      </div>
      <div className="list-items" ref={rows}>
        {items.map((item, at) => (
          <div key={at} className="list-item">
            <Item
              name={`${label} ${at + 1}`}
              item={item}
              kind={kind}
              onChange={(next) => change(lists.replacedAt(items, at, next))}
              onKeyDown={(event) => onKeyDown(event, at)}
              onPaste={(event) => onPaste(event, at)}
            />
            <button
              type="button"
              className="icon-button small"
              title={t("list.remove")}
              aria-label={`${t("list.remove")}: ${label} ${at + 1}`}
              onClick={() => change(lists.removedAt(items, at))}
            >
              <Icon name="close" />
            </button>
          </div>
        ))}
      </div>
    </div>
  );
}

interface ItemProps {
  readonly name: string;
  readonly item: Json;
  readonly kind: lists.ItemKind;
  readonly onChange: (value: Json) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onPaste: (event: ClipboardEvent) => void;
}

function Item({ name, item, kind, onChange, onKeyDown, onPaste }: ItemProps) {
  const [draft, setDraft] = useState<string | null>(null);
  if (kind === "boolean") {
    return (
      <input
        type="checkbox"
        data-item
        aria-label={name}
        checked={item === true}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
        onKeyDown={onKeyDown}
      />
    );
  }
  const read = draft === null ? item : lists.readItem(draft, kind);
  return (
    <input
      data-item
      aria-label={name}
      aria-invalid={read === undefined}
      spellCheck={false}
      value={draft ?? lists.showItem(item, kind)}
      onChange={({ currentTarget }) => {
        setDraft(currentTarget.value);
        const next = lists.readItem(currentTarget.value, kind);
        if (next !== undefined) onChange(next);
      }}
      onBlur={() => setDraft(null)}
      onKeyDown={onKeyDown}
      onPaste={onPaste}
    />
  );
}

const NAMES: Readonly<Record<string, string>> = {
  string: "str",
  integer: "int",
  number: "float",
  boolean: "bool",
};

/** Types of the items, as the schema of the list tells. */
function itemNames({ items }: JsonObject): string[] {
  const type = isObject(items) ? items.type : null;
  return [NAMES[String(type)] ?? "any"];
}

function isFlat({ type }: InputSpec): boolean {
  return (isPlain(type) && !type.names.includes("dict")) || type.names.includes("any");
}

export const list: Widget = {
  name: "list",
  suits: (input) => input.type.depth === 1 && isFlat(input),
  height: (value) => {
    const count = Array.isArray(value) ? value.length : 0;
    return HEAD + Math.min(count, MOST_SHOWN) * ITEM + (count > 0 ? 6 : 0);
  },
  exact: true,
  Component: ListField,
};
