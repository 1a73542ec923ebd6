/** The tabs of all windows in the browser's database. */

import { delMany, entries, setMany, type UseStore } from "idb-keyval";
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

const DATABASE = "graphgen";
const STORE = "tabs";
let database: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  database ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(DATABASE);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      request.result.onclose = () => {
        database = null;
      };
      resolve(request.result);
    };
  });
  database.catch(() => {
    database = null;
  });
  return database;
}

/** For idb-keyval. What is written is on the disk then, so that a crash does not take it. */
const store: UseStore = async (mode, act) => {
  const transaction = (await open()).transaction(STORE, mode, { durability: "strict" });
  return act(transaction.objectStore(STORE));
};

const windowKey = (id: string) => `window/${id}`;
const tabKey = (window: string, tab: string) => `tab/${window}/${tab}`;
const RESCUED = "graphgen.rescued/";

/** All windows that have tabs, the one that was used last first. */
export async function readWindows(): Promise<StoredWindow[]> {
  const found = new Map<string, unknown>(await entries<string, unknown>(store));
  for (const [key, value] of rescued()) {
    const kept = found.get(key) as { time: number } | undefined;
    if (!kept || kept.time < value.time) found.set(key, value);
  }
  const windows: StoredWindow[] = [];
  for (const [key, value] of found) {
    if (!key.startsWith("window/")) continue;
    const id = key.slice(windowKey("").length);
    const record = value as WindowRecord;
    const tabs: Record<string, TabRecord> = {};
    for (const tab of [...record.order, ...record.closed]) {
      const kept = found.get(tabKey(id, tab)) as TabRecord | undefined;
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
  await setMany([...pairs, [windowKey(id), record]], store);
  await delMany(
    gone.map((tab) => tabKey(id, tab)),
    store,
  );
  forget([windowKey(id), ...[...tabs.map((one) => one.id), ...gone].map((tab) => tabKey(id, tab))]);
}

export async function removeWindow({ id, tabs }: StoredWindow): Promise<void> {
  const keys = [windowKey(id), ...Object.keys(tabs).map((tab) => tabKey(id, tab))];
  await delMany(keys, store);
  forget(keys);
}

/** For the moment in which a page goes away, when only what is done at once is done. */
export function rescue(id: string, record: WindowRecord, tabs: readonly TabRecord[]): void {
  const pairs = tabs.map((tab): [string, unknown] => [tabKey(id, tab.id), tab]);
  try {
    for (const [key, value] of [...pairs, [windowKey(id), record] as const]) {
      localStorage.setItem(RESCUED + key, formatJson(value));
    }
  } catch {
    // Too large: the database has it but for the last half second.
  }
}

function rescued(): [key: string, value: WindowRecord | TabRecord][] {
  try {
    return Object.entries(localStorage).flatMap(([key, text]) =>
      key.startsWith(RESCUED)
        ? [
            [
              key.slice(RESCUED.length),
              parseJson(String(text), { reals: true }) as unknown as TabRecord,
            ],
          ]
        : [],
    );
  } catch {
    return [];
  }
}

function forget(keys: readonly string[]): void {
  try {
    for (const key of keys) localStorage.removeItem(RESCUED + key);
  } catch {
    // Nothing was rescued either.
  }
}
