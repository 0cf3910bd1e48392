import type { User } from "../client/divan.js";

export const SERVER = "https://divan.example.com/";

export interface Received {
  method: string;
  path: string;
  token: string | null;
  body: any;
}

/** Result of a request: a response, or the failure of the connection. */
export type Reply = Response | "lost";
type Handler = (request: Received, count: number) => Reply | Promise<Reply>;

/** Server without network: a handler for each path, and the requests that arrived. */
export class FakeServer {
  readonly received: Received[] = [];
  readonly #handlers = new Map<string, Handler>();

  on(route: string, handler: Handler): this {
    this.#handlers.set(route, handler);
    return this;
  }

  to(path: string): Received[] {
    return this.received.filter((request) => request.path === path);
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input as RequestInfo, init);
    const path = new URL(request.url).pathname;
    const text = await request.text();
    const received = {
      method: request.method,
      path,
      token: request.headers.get("Authorization")?.replace("Bearer ", "") ?? null,
      body: text && request.headers.get("Content-Type") === "application/json" ? JSON.parse(text) : text,
    };
    this.received.push(received);
    const handler = this.#handlers.get(`${request.method} ${path}`);
    if (!handler) throw new Error(`unexpected request: ${request.method} ${path}`);
    const reply = await handler(received, this.to(path).length);
    if (reply === "lost") throw new TypeError("fetch failed");
    return reply;
  };
}

export const user: User = {
  id: "0199aa3c-5b1e-7c3d-9f2a-6d1e8b4c7a10",
  role: "employee",
  full_name: "First Last",
  email: "admin@example.com",
  is_active: true,
  password_change_required: false,
  created_at: "2026-01-15T09:30:00Z",
  updated_at: "2026-01-15T09:30:00Z",
};

export const json = (body: unknown, status = 200): Response => Response.json(body, { status });

/** Response with the tokens `access-N` and `refresh-N`. */
export function tokens(n: number, more: object = {}): Response {
  return json({
    access_token: `access-${n}`,
    refresh_token: `refresh-${n}`,
    token_type: "bearer",
    expires_in: 900,
    user,
    ...more,
  });
}

export function problem(status: number, code: string, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ status, code }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
}

/** Storage in memory, as a tab has it. */
export class MemoryStorage implements Storage {
  readonly #items = new Map<string, string>();
  constructor(copied?: MemoryStorage) {
    if (copied) this.#items = new Map(copied.#items);
  }
  get length() {
    return this.#items.size;
  }
  clear = () => this.#items.clear();
  getItem = (key: string) => this.#items.get(key) ?? null;
  key = (index: number) => [...this.#items.keys()][index] ?? null;
  removeItem = (key: string) => void this.#items.delete(key);
  setItem = (key: string, value: string) => void this.#items.set(key, value);
}
