/** Keeps every open tab in the browser, and brings the tabs back. */

import type { OpenDocument } from "./documents";
import { documentOf, holdsWork, recordOf, type TabRecord } from "./session";
import {
  readWindows,
  removeWindow,
  rescue,
  type StoredWindow,
  type WindowRecord,
  writeWindow,
} from "./storage";
import { type EditorState, useEditor } from "./store";
import { NO_TABS, type Tabs } from "./tabs";
import { claimWindow, isLeftOver } from "./windows";

/** Milliseconds without a change after which tabs are written, and after which they are anyway. */
const SOON = 300;
const LATEST = 1500;

/** The id of this window and the tabs that it had, or that a window left that is gone. */
export async function recallTabs(): Promise<{ window: string; tabs: Tabs; isNew: boolean }> {
  const windows = await readWindows();
  const { id: window, reloaded } = await claimWindow(windows.map(({ id }) => id));
  const own = windows.find(({ id }) => id === window);
  let tabs = own ? tabsOf(own) : NO_TABS;
  // When a browser starts again its windows look for their own: leave them theirs.
  for (const other of reloaded ? [] : windows) {
    if (other === own || !(await isLeftOver(other.id))) continue;
    const work = tabsOf(other, holdsWork);
    tabs = {
      ...tabs,
      documents: { ...tabs.documents, ...work.documents },
      order: [...tabs.order, ...work.order],
      closed: [...work.closed, ...tabs.closed],
    };
    const moved = [...work.order, ...work.closed.map(({ id }) => id)];
    if (moved.length > 0) await writeTabs(window, tabs, moved);
    await removeWindow(other);
  }
  return { window, tabs, isNew: !own };
}

function tabsOf(window: StoredWindow, chosen: (tab: TabRecord) => boolean = () => true): Tabs {
  const open = (ids: readonly string[]) =>
    ids.flatMap((id): OpenDocument[] => {
      const record = window.tabs[id];
      if (!record || !chosen(record)) return [];
      try {
        return [documentOf(record)];
      } catch (error) {
        console.error(`the tab ${id} can't be read`, error);
        return [];
      }
    });
  const documents = Object.fromEntries(open(window.order).map((one) => [one.id, one]));
  return {
    documents,
    order: window.order.filter((id) => id in documents),
    active: window.active !== null && window.active in documents ? window.active : null,
    closed: open(window.closed),
  };
}

function writeTabs(
  window: string,
  tabs: Tabs,
  changed: Iterable<string>,
  gone: readonly string[] = [],
): Promise<void> {
  return writeWindow(window, windowOf(tabs), recordsOf(tabs, changed), gone);
}

function windowOf({ order, active, closed }: Tabs): WindowRecord {
  return { order, active, closed: closed.map(({ id }) => id), time: Date.now() };
}

function recordsOf(tabs: Tabs, ids: Iterable<string>): TabRecord[] {
  const time = Date.now();
  return [...ids].flatMap((id) => {
    const document = documentIn(tabs, id);
    return document ? [recordOf(document, time)] : [];
  });
}

function documentIn({ documents, closed }: Tabs, id: string): OpenDocument | undefined {
  return documents[id] ?? closed.find((one) => one.id === id);
}

/** Writes the tabs whenever they change; returns how to stop. */
export function keepTabs(window: string, onFailure: (error: unknown) => void): () => void {
  const changed = new Set(Object.keys(useEditor.getState().documents));
  const gone = new Set<string>();
  let pending = changed.size > 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let since = 0;
  let writing: Promise<void> = Promise.resolve();

  const write = () => {
    clearTimeout(timer);
    since = 0;
    if (!pending) return;
    pending = false;
    const tabs: Tabs = useEditor.getState();
    const [now, removed] = [[...changed], [...gone]];
    changed.clear();
    gone.clear();
    writing = writing.then(() =>
      writeTabs(window, tabs, now, removed).catch((error: unknown) => {
        for (const id of now) changed.add(id);
        for (const id of removed) gone.add(id);
        pending = true;
        onFailure(error);
      }),
    );
  };
  const later = () => {
    pending = true;
    const now = Date.now();
    since ||= now;
    clearTimeout(timer);
    timer = setTimeout(write, Math.max(0, Math.min(SOON, since + LATEST - now)));
  };
  const leave = () => {
    const tabs: Tabs = useEditor.getState();
    if (pending) rescue(window, windowOf(tabs), recordsOf(tabs, changed));
    write();
  };

  const stop = useEditor.subscribe((state, before) => {
    if (!note(state, before, changed, gone)) return;
    later();
  });
  if (pending) later();
  document.addEventListener("visibilitychange", write);
  globalThis.addEventListener("pagehide", leave);
  return () => {
    stop();
    write();
    document.removeEventListener("visibilitychange", write);
    globalThis.removeEventListener("pagehide", leave);
  };
}

/** Notes which tabs changed and which are gone; whether anything is to be written. */
function note(
  state: EditorState,
  before: EditorState,
  changed: Set<string>,
  gone: Set<string>,
): boolean {
  const row = state.order !== before.order || state.closed !== before.closed;
  if (!row && state.documents === before.documents) return state.active !== before.active;
  let found = row || state.active !== before.active;
  for (const document of [...Object.values(state.documents), ...state.closed]) {
    const { id } = document;
    if (kept(document, documentIn(before, id))) continue;
    changed.add(id);
    gone.delete(id);
    found = true;
  }
  for (const id of before.closed.map((one) => one.id)) {
    if (documentIn(state, id)) continue;
    changed.delete(id);
    gone.add(id);
  }
  return found;
}

/** Whether nothing changed that is kept. */
function kept(a: OpenDocument, b: OpenDocument | undefined): boolean {
  return (
    a === b ||
    (b !== undefined &&
      a.history === b.history &&
      a.saved === b.saved &&
      a.savedAs === b.savedAs &&
      a.revision === b.revision &&
      a.path === b.path &&
      a.viewports === b.viewports &&
      a.run === b.run &&
      a.results === b.results)
  );
}
