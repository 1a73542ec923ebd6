/** Errors for people. */

import { ApiError } from "../api/http";
import { useEditor } from "./store";

/** Shows what the server refused; other errors go on. */
export function tell(error: unknown): void {
  if (!(error instanceof ApiError)) throw error;
  const hint = error.problems[0]?.hint;
  useEditor.getState().notify({ kind: "bad", text: error.message, ...(hint && { hint }) });
}
