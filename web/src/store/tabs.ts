/** The row of tabs: which documents are open in which order, and which were closed. */

import type { OpenDocument } from "./documents";

export interface Tabs {
  readonly documents: Readonly<Record<string, OpenDocument>>;
  /** Ids in the order of the tabs. */
  readonly order: readonly string[];
  readonly active: string | null;
  /** Documents that were closed, the last one last, as they were. */
  readonly closed: readonly OpenDocument[];
}

export const NO_TABS: Tabs = { documents: {}, order: [], active: null, closed: [] };
/** How many closed documents are kept. */
export const MOST_CLOSED = 20;

/** Closes a tab; the one beside it becomes active. */
export function closeTab({ documents, order, active, closed }: Tabs, id: string): Partial<Tabs> {
  const { [id]: document, ...others } = documents;
  if (!document) return {};
  const at = order.indexOf(id);
  const left = order.filter((other) => other !== id);
  return {
    documents: others,
    order: left,
    active: active === id ? (left[Math.min(at, left.length - 1)] ?? null) : active,
    closed: [...closed, document].slice(-MOST_CLOSED),
  };
}

/** Opens a closed document again, the one that was closed last if none is named. */
export function reopenTab({ documents, order, closed }: Tabs, id?: string): Partial<Tabs> {
  const document = id === undefined ? closed.at(-1) : closed.find((one) => one.id === id);
  if (!document) return {};
  return {
    documents: { ...documents, [document.id]: document },
    order: [...order, document.id],
    active: document.id,
    closed: closed.filter((one) => one !== document),
  };
}

/** Moves a tab to a place among the others. */
export function moveTab({ order }: Tabs, id: string, to: number): Partial<Tabs> {
  if (!order.includes(id)) return {};
  const others = order.filter((other) => other !== id);
  const at = Math.max(0, Math.min(to, others.length));
  const next = [...others.slice(0, at), id, ...others.slice(at)];
  return next.every((one, index) => one === order[index]) ? {} : { order: next };
}
