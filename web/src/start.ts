/** What happens when the page opens: the tabs of last time, the catalogue, the events. */

import { api } from "./api/client";
import { connectEvents } from "./api/events";
import { ApiError } from "./api/http";
import { readDocument } from "./graph/read";
import { text } from "./i18n";
import { openForm } from "./panels/form/open";
import { keepTabs, recallTabs } from "./store/autosave";
import { useEditor } from "./store/store";
import { tell } from "./store/tell";
import { loadModules } from "./widgets/modules";

const FIRST = "text_to_image";
const PAUSE = 1000;
const get = useEditor.getState;

export async function start(): Promise<void> {
  const form = new URLSearchParams(location.search).get("form");
  // The page of a form is no place to work at other things.
  const isNew = form === null && (await restore());
  const [nodes] = await Promise.all([patiently(api.nodes), loadModules()]);
  get().setCatalogue(nodes);
  connect();
  if (form !== null) await patiently(() => openForm(form));
  else if (isNew) await openFirst();
}

/** Brings back the tabs; whether there were none to bring back, not even a window. */
async function restore(): Promise<boolean> {
  try {
    const { window, tabs, isNew } = await recallTabs();
    get().restore(tabs);
    keepTabs(window, () => warnOnce());
    return isNew && tabs.order.length === 0;
  } catch (error) {
    // The browser keeps nothing for this page, as in some private windows.
    console.warn("tabs are not kept", error);
    warnOnce();
    return true;
  }
}

let warned = false;

function warnOnce(): void {
  if (warned) return;
  warned = true;
  get().notify({ kind: "bad", text: text("doc.not_kept"), hint: text("doc.not_kept_hint") });
  window.addEventListener("beforeunload", (event) => event.preventDefault());
}

async function openFirst(): Promise<void> {
  const { templates } = await patiently(api.templates);
  const first = templates.find((template) => template.name === FIRST) ?? templates[0];
  if (!first) return;
  const { workflow } = await patiently(() => api.template(first.name));
  get().open(readDocument(workflow));
}

function connect(): void {
  let epoch = "";
  connectEvents({
    hello: (hello) => {
      get().hello(hello);
      const restarted = epoch !== "" && epoch !== hello.epoch;
      if (restarted) void refresh();
      if (epoch === "") void get().recallRuns(shownRuns());
      epoch = hello.epoch;
    },
    events: (events) => {
      get().receive(events);
      for (const event of events) {
        if (event.type !== "workflows_changed" || !event.renamed) continue;
        get().follow({ ...event.renamed, name: event.name });
      }
      if (events.some(({ type }) => type === "workflows_changed")) get().noteSaved().catch(tell);
      if (events.some(({ type }) => type === "catalogue_changed")) void refresh();
    },
    preview: (header, picture) => get().preview(header, picture),
    connected: (connected) => {
      get().setConnected(connected);
      if (!connected) void askForToken();
    },
  });
  get().noteSaved().catch(tell);
}

let asked = false;

/** A server that was started again may want another token. */
async function askForToken(): Promise<void> {
  try {
    await api.queue();
    asked = false;
  } catch (error) {
    if (asked || !(error instanceof ApiError) || error.status !== 401) return;
    asked = true;
    get().notify({
      kind: "bad",
      text: text("app.wants_token"),
      action: { label: text("app.give_token"), run: () => location.reload() },
    });
  }
}

/** Other packs are there, or another server answers, which may have other workflows, too. */
async function refresh(): Promise<void> {
  try {
    const [nodes] = await Promise.all([api.nodes(), loadModules()]);
    get().setCatalogue(nodes);
    await get().noteSaved();
  } catch (error) {
    tell(error);
  }
}

function shownRuns(): string[] {
  const documents = Object.values(get().documents);
  return documents.flatMap(({ run, results }) => [run ?? [], results].flat());
}

/** Asks again while the server does not answer: it may be starting. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) location.reload(); // to the page that asks for the token
      if (error.status > 0 && error.status < 500) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}
