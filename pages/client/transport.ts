import { DivanError } from "./error.js";
import { readProblem } from "./problem.js";
import { retryDelay } from "./retry.js";
import { now, sleep, within } from "./time.js";

export type Fetch = typeof globalThis.fetch;

export interface Call {
  method: string;
  path: string;
  body?: unknown;
  token?: string;
  /** Whether the request may be sent again after a transient error. */
  isRepeatable?: boolean;
  /** Time of the page at which the call is abandoned, in milliseconds. */
  deadline?: number;
  /** Whether the page may be closed before the response arrives. */
  keepalive?: boolean;
}

const TIMEOUT = 30_000;
const ATTEMPTS = 3;

/** Connection to one server, without credentials. */
export class Transport {
  readonly server: URL;
  readonly fetch: Fetch;

  constructor(server: string | URL, fetch?: Fetch) {
    const url = new URL(server);
    // A path prefix is kept: relative addresses are resolved against its last slash.
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    this.server = url;
    // The browser's `fetch` requires `window` as its receiver.
    this.fetch = fetch ?? ((input, init) => globalThis.fetch(input, init));
  }

  /** Sends a request, with retries if it is repeatable, and returns the JSON of the response. */
  async send<T>(call: Call): Promise<T> {
    const deadline = call.deadline ?? now() + TIMEOUT;
    const repeatable = call.isRepeatable ?? (call.method === "GET" || call.method === "DELETE");
    for (let attempt = 1; ; attempt++) {
      const left = deadline - now();
      if (left <= 0) throw new DivanError("timeout");
      const isLast = !repeatable || attempt >= ATTEMPTS;
      try {
        // A dead connection looks like a slow server: keep time for an attempt on another one.
        return await within(isLast ? left : left / 2, (signal) => this.#attempt<T>(call, signal));
      } catch (cause) {
        const error = cause instanceof DivanError ? cause : new DivanError("network");
        const delay = isLast ? null : retryDelay(error, attempt, deadline - now());
        if (delay === null) throw error;
        await sleep(delay);
      }
    }
  }

  async #attempt<T>(call: Call, signal: AbortSignal): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (call.token) headers["Authorization"] = `Bearer ${call.token}`;
    if (call.body !== undefined) headers["Content-Type"] = "application/json";
    const response = await this.fetch(new URL(call.path, this.server), {
      method: call.method,
      headers,
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
      signal,
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
      ...(call.keepalive ? { keepalive: true } : {}),
    });
    if (!response.ok) throw await readProblem(response);
    if (response.status === 204) return undefined as T;
    try {
      return (await response.json()) as T;
    } catch (cause) {
      // A body that broke off is a lost response; a complete one of another form is not.
      throw cause instanceof SyntaxError
        ? new DivanError("unexpected_response", response.status)
        : new DivanError("network");
    }
  }
}
