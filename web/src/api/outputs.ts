/** What runs made, as it was made: a float that is whole stays one. */

import { type JsonObject, parseJson, plainJson } from "../graph/json";
import type { Outputs } from "./types";

/**
 * What has outputs, out of JSON that was parsed with `reals`: they keep them, and all else has
 * plain numbers.
 */
export function exactOutputs<T extends { readonly outputs: Outputs }>(message: T): T {
  const { outputs, ...others } = message;
  return { ...(plainJson(others as unknown as JsonObject) as unknown as T), outputs };
}

/** A message of the websocket. Only the end of a run has outputs; the others are many. */
export function parseMessage<T extends { readonly type: string }>(text: string): T {
  const message = parseJson(text) as unknown as T;
  if (message.type !== "run_finished") return message;
  return exactOutputs(parseJson(text, { reals: true }) as unknown as T & { outputs: Outputs });
}
