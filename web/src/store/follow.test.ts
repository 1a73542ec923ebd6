import { expect, it } from "vitest";
import { EMPTY_GRAPH } from "../graph/document";
import { isUnsaved, type OpenDocument, openDocument } from "./documents";
import { followTabs } from "./follow";
import { NO_TABS } from "./tabs";

const saved = { ...EMPTY_GRAPH, name: "Small" };
const changed = { ...saved, description: "unsaved" };
const small = openDocument("small", saved, { savedAs: "small", revision: 2 });
const dirty: OpenDocument = { ...openDocument("dirty", changed, small as object), saved };
const behind = openDocument("behind", saved, { savedAs: "small", revision: 1 });
const other = openDocument("other", EMPTY_GRAPH);
const tabs = { ...NO_TABS, documents: { small, dirty, other }, closed: [behind] };
const moved = { was: "small", name: "great", revision: 6, offset: 3, title: "great" };

it("takes tabs to the new name, revision and title, closed ones too", () => {
  const { documents = {}, closed = [] } = followTabs(tabs, moved, 0);
  const shown = [...Object.values(documents), ...closed].map((one) => [
    one.savedAs,
    one.revision,
    one.history.document.name,
    isUnsaved(one),
  ]);
  expect(shown).toEqual([
    ["great", 6, "great", false],
    ["great", 6, "great", true],
    [null, 0, "", false],
    ["great", 4, "Small", false],
  ]);
  expect(documents.dirty?.saved).toEqual({ ...saved, name: "great" });
  expect(documents.dirty?.history.document.description).toBe("unsaved");
  expect(documents.small?.history.past?.before).toBe(saved);
  expect(documents.other).toBe(other);
});

it("leaves the document alone when it got no title, and tabs of others", () => {
  const { documents } = followTabs(tabs, { ...moved, revision: 5, title: null }, 0);
  expect(documents?.small?.history).toBe(small.history);
  expect(documents?.small?.revision).toBe(5);
  expect(followTabs(tabs, { ...moved, was: "other" }, 0)).toEqual({});
});
