/** Requests to the server that the editor came from. */

import type { Problem } from "../graph/catalogue";
import { formatJson, parseJson } from "../graph/json";

/** An answer that is no success, or no answer at all (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problems: readonly Problem[],
    /** The whole answer, for what it says besides, such as `current` of a conflict. */
    readonly body: unknown = null,
  ) {
    super(problems.map((problem) => problem.message).join("\n") || `HTTP ${status}`);
  }
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** The answer holds a document, in which `2.0` is not 2. */
  readonly reals?: boolean;
}

/** Send a request; the answer's JSON, with long integers kept exact. */
export async function request<T>(
  method: string,
  path: string,
  { body, headers, signal, reals }: RequestOptions = {},
): Promise<T> {
  const response = await send(path, {
    method,
    headers: { ...(body !== undefined && { "Content-Type": "application/json" }), ...headers },
    ...(body !== undefined && { body: formatJson(body) }),
    ...(signal && { signal }),
  });
  return (await answerOf(response, reals)) as T;
}

/** Pauses in milliseconds before what was cut on its way is sent again. */
const AGAIN = [300, 1500];

/**
 * POST what is to be done once. If no answer comes it is sent again, under a key by which the
 * server knows it.
 */
export async function requestOnce<T>(path: string, body: unknown): Promise<T> {
  const headers = { "Idempotency-Key": randomKey() };
  for (const pause of AGAIN) {
    try {
      return await request<T>("POST", path, { body, headers });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 0) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return await request<T>("POST", path, { body, headers });
}

/** `crypto.randomUUID` is not there on pages of other machines without HTTPS. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Send bytes, such as a dropped picture, without reading them into memory. */
export async function upload<T>(path: string, file: Blob, reals = false): Promise<T> {
  const headers = { "Content-Type": "application/octet-stream" };
  return (await answerOf(await send(path, { method: "POST", headers, body: file }), reals)) as T;
}

/** Send a form, such as the files of a folder. */
export async function sendForm<T>(path: string, form: FormData): Promise<T> {
  return (await answerOf(await send(path, { method: "POST", body: form }))) as T;
}

async function send(path: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, [problem("unreachable", "the server does not answer")]);
  }
}

async function answerOf(response: Response, reals = false): Promise<unknown> {
  const text = await response.text();
  let body: unknown = null;
  try {
    body = text ? parseJson(text, { reals }) : null;
  } catch {
    throw new ApiError(response.status, [problem("bad_answer", "the server's answer is no JSON")]);
  }
  if (response.ok) return body;
  const problems = (body as { problems?: Problem[] } | null)?.problems ?? [];
  throw new ApiError(response.status, problems, body);
}

function problem(code: string, message: string): Problem {
  return { code, message, node: null, port: null, hint: null };
}
