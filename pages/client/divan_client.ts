import { SessionClient } from "./client.js";
import type { KnownDevice } from "./device.js";
import type { Client, User } from "./divan.js";
import { DivanError } from "./error.js";
import { readProblem } from "./problem.js";
import type { TokenStore } from "./store.js";
import type { Tokens } from "./tokens.js";
import type { Transport } from "./transport.js";

/** Client for other pages and servers: it also restores sessions and calls resource servers. */
export class DivanClient extends SessionClient implements Client {
  readonly #origins: Set<string>;

  constructor(transport: Transport, store: TokenStore, origins: readonly string[], device?: KnownDevice) {
    super(transport, store, device);
    this.#origins = new Set([transport.server.origin, ...origins]);
    const page = globalThis.location?.origin;
    if (page) this.#origins.add(page);
  }

  restore = async (): Promise<User | null> => {
    if (!this.store.tokens) return null;
    try {
      await this.source.valid();
    } catch (error) {
      if (error instanceof DivanError && error.isSignedOut) return null;
      throw error;
    }
    // Another tab may have refreshed: then its pair was adopted, without the user.
    if (!this.session) this.setSession({ user: await this.request<User>("GET", "auth/me") });
    return this.session?.user ?? null;
  };

  fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    if (!this.#origins.has(new URL(request.url).origin)) return this.transport.fetch(request);
    const tokens = await this.source.valid();
    const response = await this.transport.fetch(authorized(request.clone(), tokens));
    if (response.status !== 401) return response;
    const problem = await readProblem(response.clone());
    if (problem.code !== "unexpected_response" && !problem.isTokenRejected) return response;
    const fresh = await this.replacement(tokens);
    return fresh ? this.transport.fetch(authorized(request, fresh)) : response;
  };

  accessToken = async (): Promise<string> => (await this.source.valid()).access ?? "";
}

function authorized(request: Request, tokens: Tokens): Request {
  request.headers.set("Authorization", `Bearer ${tokens.access}`);
  return request;
}
