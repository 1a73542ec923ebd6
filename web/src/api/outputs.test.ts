import { expect, test } from "vitest";
import { formatJson, isReal } from "../graph/json";
import { parseMessage } from "./outputs";
import type { ServerEvent } from "./types";

const ENDED = `{"type": "run_finished", "seq": 3, "time": 5.0, "seconds": 2.0,
  "outputs": {"sum": [{"value": 2.0}, {"value": [1.0, 2, 0.5, {"a": 3.0}]}], "n": [{"value": 2}]}}`;

test("floats that a run made stay floats, and times are plain numbers", () => {
  const ended = parseMessage<ServerEvent>(ENDED);
  if (ended.type !== "run_finished") throw new Error(ended.type);
  expect([ended.time, ended.seconds, ended.seq]).toStrictEqual([5, 2, 3]);
  const [sum, list] = ended.outputs.sum ?? [];
  expect(formatJson(sum)).toBe('{"value":2.0}');
  expect(formatJson(list)).toBe('{"value":[1.0,2,0.5,{"a":3.0}]}');
  expect(formatJson(ended.outputs.n)).toBe('[{"value":2}]');
});

test("other messages have plain numbers only", () => {
  const progress = parseMessage<ServerEvent>('{"type": "node_finished", "seconds": 2.0}');
  expect(isReal((progress as { seconds: unknown }).seconds)).toBe(false);
  expect(progress).toEqual({ type: "node_finished", seconds: 2 });
});
