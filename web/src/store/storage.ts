/** The tabs of all windows in the browser's database. */

import { createStore, delMany, entries, setMany, type UseStore } from "idb-keyval";
import { formatJson, parseJson } from "../graph/json";
import type { TabRecord } from "./session";

/** What one window has: which tabs, in which order. */
export interface WindowRecord {
  readonly order: readonly string[];
  readonly active: string | null;
  /** Tabs that were closed and can be opened again, the last one last. */
  readonly closed: readonly string[];
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export interface StoredWindow extends WindowRecord {
  readonly id: string;
  readonly tabs: Readonly<Record<string, TabRecord>>;
}

let database: UseStore | null = null;
const store = () => {
  database ??= createStore("graphgen", "tabs");
  return database;
};

const windowKey = (id: string) => `window/${id}`;
const tabKey = (window: string, tab: string) => `tab/${window}/${tab}`;
const RESCUED = "graphgen.rescued/";

/** All windows that have tabs, the one that was used last first. */
export async function readWindows(): Promise<StoredWindow[]> {
  const found = new Map(await entries<string, unknown>(store()));
  const windows: StoredWindow[] = [];
  for (const [key, value] of found) {
    if (!key.startsWith("window/")) continue;
    const id = key.slice(windowKey("").length);
    const record = value as WindowRecord;
    const tabs: Record<string, TabRecord> = {};
    for (const tab of [...record.order, ...record.closed]) {
      const kept = newer(found.get(tabKey(id, tab)) as TabRecord | undefined, rescued(id, tab));
      if (kept) tabs[tab] = kept;
    }
    windows.push({ ...record, id, tabs });
  }
  return windows.sort((a, b) => b.time - a.time);
}

/** Writes what a window has; `tabs` are those that changed, `gone` those that are no more. */
export async function writeWindow(
  id: string,
  record: WindowRecord,
  tabs: readonly TabRecord[],
  gone: readonly string[],
): Promise<void> {
  const pairs = tabs.map((tab): [string, unknown] => [tabKey(id, tab.id), tab]);
  await setMany([...pairs, [windowKey(id), record]], store());
  await delMany(
    gone.map((tab) => tabKey(id, tab)),
    store(),
  );
  for (const tab of [...tabs.map((one) => one.id), ...gone]) forget(id, tab);
}

export async function removeWindow({ id, tabs }: StoredWindow): Promise<void> {
  const names = Object.keys(tabs);
  await delMany([...names.map((tab) => tabKey(id, tab)), windowKey(id)], store());
  for (const tab of names) forget(id, tab);
}

/** For the moment in which a page goes away, when only what is done at once is done. */
export function rescue(window: string, tab: TabRecord): void {
  try {
    localStorage.setItem(RESCUED + tabKey(window, tab.id), formatJson(tab));
  } catch {
    // Too large: the database has it but for the last half second.
  }
}

function rescued(window: string, tab: string): TabRecord | undefined {
  try {
    const text = localStorage.getItem(RESCUED + tabKey(window, tab));
    return text === null ? undefined : (parseJson(text) as unknown as TabRecord);
  } catch {
    return undefined;
  }
}

function forget(window: string, tab: string): void {
  try {
    localStorage.removeItem(RESCUED + tabKey(window, tab));
  } catch {
    // Nothing was rescued either.
  }
}

function newer(a: TabRecord | undefined, b: TabRecord | undefined): TabRecord | undefined {
  return a && b ? (a.time >= b.time ? a : b) : (a ?? b);
}
