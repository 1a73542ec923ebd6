/** The websocket of events. It reconnects by itself and says what it saw last. */

import { parseMessage } from "./outputs";
import type { Hello, PreviewHeader, ServerEvent } from "./types";

export interface EventHandlers {
  readonly hello: (hello: Hello) => void;
  /** Events since the last call, oldest first; called at most once per frame. */
  readonly events: (events: readonly ServerEvent[]) => void;
  readonly preview: (header: PreviewHeader, picture: Blob) => void;
  readonly connected: (connected: boolean) => void;
}

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 8000;
/** Previews and events wait this long, in milliseconds, when the page is hidden. */
const HIDDEN_PAUSE = 500;

/** Connect, and stay connected until the returned function is called. */
export function connectEvents(handlers: EventHandlers): () => void {
  let socket: WebSocket | null = null;
  let epoch = "";
  let seen = 0;
  let pause = FIRST_PAUSE;
  let closed = false;
  let timer = 0;
  let waiting: ServerEvent[] = [];

  const flush = () => {
    const events = waiting;
    waiting = [];
    if (events.length > 0) handlers.events(events);
  };

  const soon = () => {
    if (waiting.length > 1) return; // asked for already
    if (document.hidden) window.setTimeout(flush, HIDDEN_PAUSE);
    else requestAnimationFrame(flush);
  };

  const text = (data: string) => {
    const message = parseMessage<Hello | ServerEvent>(data);
    seen = message.seq;
    if (message.type === "hello") {
      flush();
      epoch = message.epoch;
      pause = FIRST_PAUSE;
      handlers.hello(message);
      handlers.connected(true);
      return;
    }
    waiting.push(message);
    soon();
  };

  const open = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const query = epoch ? `?epoch=${encodeURIComponent(epoch)}&since=${seen}` : "";
    socket = new WebSocket(`${scheme}://${location.host}/api/events${query}`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") return text(data);
      const [header, picture] = splitPreview(data as ArrayBuffer);
      handlers.preview(header, picture);
    };
    socket.onclose = () => {
      if (closed) return;
      handlers.connected(false);
      timer = window.setTimeout(open, pause * (0.75 + Math.random() / 2));
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    };
  };

  open();
  return () => {
    closed = true;
    window.clearTimeout(timer);
    socket?.close();
  };
}

/** A binary frame: the length of a JSON header, the header, and the picture's bytes. */
export function splitPreview(frame: ArrayBuffer): [PreviewHeader, Blob] {
  const length = new DataView(frame).getUint32(0);
  const text = new TextDecoder().decode(new Uint8Array(frame, 4, length));
  const header = JSON.parse(text) as PreviewHeader;
  return [header, new Blob([new Uint8Array(frame, 4 + length)], { type: header.media_type })];
}
