import { expect, it } from "vitest";
import { EMPTY_GRAPH } from "../graph/document";
import { openDocument } from "./documents";
import { closeTab, MOST_CLOSED, moveTab, NO_TABS, reopenTab, type Tabs } from "./tabs";

const ids = ["a", "b", "c"];
const documents = Object.fromEntries(ids.map((id) => [id, openDocument(id, EMPTY_GRAPH)]));
const three: Tabs = { ...NO_TABS, documents, order: ids, active: "b" };
const then = (tabs: Tabs, next: Partial<Tabs>): Tabs => ({ ...tabs, ...next });

it("shows the tab to the right when one is closed, and the last when there is none", () => {
  const one = then(three, closeTab(three, "b"));
  expect([one.order, one.active]).toEqual([["a", "c"], "c"]);
  const two = then(one, closeTab(one, "c"));
  expect([two.order, two.active]).toEqual([["a"], "a"]);
  const none = then(two, closeTab(two, "a"));
  expect([none.order, none.active]).toEqual([[], null]);
  expect(none.closed.map(({ id }) => id)).toEqual(["b", "c", "a"]);
});

it("opens closed tabs again, the last or a named one", () => {
  const closed = then(three, closeTab(then(three, closeTab(three, "a")), "c"));
  const last = then(closed, reopenTab(closed));
  expect([last.order, last.active]).toEqual([["b", "c"], "c"]);
  const first = then(last, reopenTab(last, "a"));
  expect([first.order, first.closed]).toEqual([["b", "c", "a"], []]);
  expect(reopenTab(first)).toEqual({});
});

it("moves tabs, also beyond the ends", () => {
  expect(moveTab(three, "a", 1).order).toEqual(["b", "a", "c"]);
  expect(moveTab(three, "a", 99).order).toEqual(["b", "c", "a"]);
  expect(moveTab(three, "c", -1).order).toEqual(["c", "a", "b"]);
  expect(moveTab(three, "b", 1)).toEqual({});
  expect(moveTab(three, "z", 1)).toEqual({});
});

it("keeps some closed tabs, not all", () => {
  let tabs = NO_TABS;
  for (let number = 0; number < MOST_CLOSED + 5; number += 1) {
    const document = openDocument(`${number}`, EMPTY_GRAPH);
    tabs = then(tabs, { documents: { [document.id]: document }, order: [document.id] });
    tabs = then(tabs, closeTab(tabs, document.id));
  }
  expect(tabs.closed).toHaveLength(MOST_CLOSED);
  expect(tabs.closed.at(-1)?.id).toBe(`${MOST_CLOSED + 4}`);
});
