/** What happens when the page opens: the catalogue, the first document, the events. */

import { api } from "./api/client";
import { connectEvents } from "./api/events";
import { ApiError } from "./api/http";
import { readDocument } from "./graph/read";
import { useEditor } from "./store/store";

const FIRST = "text_to_image";
const PAUSE = 1000;

export async function start(): Promise<void> {
  const { setCatalogue, open, hello, receive, preview, setConnected } = useEditor.getState();
  const nodes = await patiently(api.nodes);
  setCatalogue(nodes);
  connectEvents({ hello, events: receive, preview, connected: setConnected });
  const { templates } = await patiently(api.templates);
  const first = templates.find((template) => template.name === FIRST) ?? templates[0];
  if (!first) return;
  const { workflow } = await patiently(() => api.template(first.name));
  open(readDocument(workflow));
}

/** Asks again while the server does not answer: it may be starting. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status > 0 && error.status < 500)) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}
