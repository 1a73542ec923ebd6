import { describe, expect, it } from "vitest";
import { setInput } from "../commands/nodes";
import { formatJson, parseJson } from "../graph/json";
import { readDocument } from "../graph/read";
import { writeText } from "../graph/write";
import { isUnsaved } from "./documents";
import { documentOf, holdsWork, recordOf, type TabRecord } from "./session";
import { useEditor } from "./store";

const get = useEditor.getState;
const set = (value: number | bigint) => get().execute(setInput({ node: "a", input: "x", value }));

function opened() {
  const graph = readDocument({ name: "one", nodes: { a: { type: "t/a", inputs: { x: 1 } } } });
  return get().open(graph, { savedAs: "one", revision: 3 });
}
const document = (id: string) => {
  const found = get().documents[id];
  if (!found) throw new Error(`no document ${id}`);
  return found;
};
/** As the database gives it back. */
const kept = (id: string) => structuredClone(recordOf(document(id), 5));

describe("the record of a tab", () => {
  it("brings back the document, its name, and whether it is saved", () => {
    const id = opened();
    const back = documentOf(kept(id));
    expect(writeText(back.history.document)).toBe(writeText(document(id).history.document));
    expect([back.savedAs, back.revision, isUnsaved(back)]).toEqual(["one", 3, false]);
    expect(holdsWork(kept(id))).toBe(false);
  });

  it("brings back undo and redo, and knows the step at which it was saved", () => {
    const id = opened();
    set(2);
    get().markSaved(id, document(id).history.document, "one", 4);
    set(3n ** 40n);
    set(4);
    get().undo();
    expect(holdsWork(kept(id))).toBe(true);
    const back = documentOf(kept(id));
    get().restore({
      documents: { back: { ...back, id: "back" } },
      order: ["back"],
      active: null,
      closed: [],
    });
    get().activate("back");
    const x = () => document("back").history.document.nodes.a?.inputs.x;
    expect([x(), isUnsaved(document("back"))]).toEqual([3n ** 40n, true]);
    get().redo();
    expect(x()).toBe(4);
    get().undo();
    get().undo();
    expect([x(), isUnsaved(document("back"))]).toEqual([2, false]);
    get().undo();
    expect([x(), isUnsaved(document("back"))]).toEqual([1, true]);
  });

  it("is unsaved when what was saved is not in its history any more", () => {
    const id = get().open(readDocument({ nodes: {} }), { unsaved: true });
    expect(isUnsaved(documentOf(kept(id)))).toBe(true);
    expect(holdsWork(kept(id))).toBe(true);
  });

  it("keeps the document when its steps do not lead to it", () => {
    const id = opened();
    set(7);
    const record: TabRecord = {
      ...kept(id),
      past: [{ path: [], changes: [{ kind: "gone", args: {} }] }],
    };
    const back = documentOf(record);
    expect(back.history.document.nodes.a?.inputs.x).toBe(7);
    expect(back.history.past).toBeNull();
    expect(isUnsaved(back)).toBe(true);
  });

  it("survives as text, as it is rescued when a page goes away", () => {
    const id = opened();
    set(3n ** 40n);
    const record = parseJson(formatJson(kept(id))) as unknown as TabRecord;
    const back = documentOf(record);
    expect(back.history.document.nodes.a?.inputs.x).toBe(3n ** 40n);
    expect(back.history.past).not.toBeNull();
  });
});
