/** Tabs of a saved workflow go along when it gets another name, here or elsewhere. */

import type { Renamed } from "../api/types";
import { setAbout } from "../commands/graph";
import { execute } from "../commands/history";
import type { OpenDocument } from "./documents";
import type { Tabs } from "./tabs";

export interface Moved extends Renamed {
  readonly was: string;
  readonly name: string;
}

/** What changes of the tabs; `time` is that of the step that gives them the new title. */
export function followTabs({ documents, closed }: Tabs, moved: Moved, time: number): Partial<Tabs> {
  const all = Object.values(documents);
  if (![...all, ...closed].some((one) => one.savedAs === moved.was)) return {};
  const follow = (one: OpenDocument) =>
    one.savedAs === moved.was ? followed(one, moved, time) : one;
  return {
    documents: Object.fromEntries(all.map((one) => [one.id, follow(one)])),
    closed: closed.map(follow),
  };
}

function followed(document: OpenDocument, moved: Moved, time: number): OpenDocument {
  const { name, title } = moved;
  const revision = document.revision + moved.offset;
  const moving = { ...document, savedAs: name, revision };
  // A tab that is behind stays so, and says so when it is saved.
  if (title === null || revision !== moved.revision - 1) return moving;
  const before = document.history.document;
  const step = { path: [], changes: [setAbout({ name: title })] };
  const history = execute(document.history, step, time);
  const saved = document.saved === before ? history.document : { ...document.saved, name: title };
  return { ...moving, revision: moved.revision, history, saved };
}
