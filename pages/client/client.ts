import type { Client, ClientOptions, Session, User } from "./divan.js";
import { KnownDevice } from "./device.js";
import { DivanError } from "./error.js";
import { loginCall, type LoginInput } from "./login.js";
import { readProblem } from "./problem.js";
import { TokenSource } from "./refresh.js";
import { TokenStore } from "./store.js";
import { now } from "./time.js";
import { type TokenResponse, type Tokens, tokensOf } from "./tokens.js";
import { type Call, Transport } from "./transport.js";

/** Creates a client. */
export function createClient(options: ClientOptions = {}): Client {
  return new DivanClient(options);
}

class DivanClient implements Client {
  readonly #transport: Transport;
  readonly #store: TokenStore;
  readonly #source: TokenSource;
  readonly #device: KnownDevice;
  readonly #origins: Set<string>;
  readonly #isAdmin: boolean;
  readonly #listeners = new Set<(session: Session | null) => void>();
  #autoLogin: Promise<User> | null = null;
  #session: Session | null = null;

  constructor(options: ClientOptions) {
    const { audience = "miniapp", server = new URL(".", import.meta.url) } = options;
    this.#isAdmin = audience === "admin";
    this.#transport = new Transport(server, options.transport);
    const key = `divan:${audience}:${this.#transport.server.href}`;
    this.#store = new TokenStore(key, options.storage, () => {
      if (!this.#store.tokens) this.#setSession(null);
    });
    this.#device = new KnownDevice(`${key}:device`, options.deviceStorage);
    this.#source = new TokenSource(
      this.#transport,
      this.#store,
      (response) => this.#setSession({ user: response.user as User }),
      () => this.#setSession(null),
    );
    const page = globalThis.location?.origin;
    this.#origins = new Set([this.#transport.server.origin, ...(options.origins ?? [])]);
    if (page) this.#origins.add(page);
  }

  get session(): Session | null {
    return this.#session;
  }

  signIn = (input: LoginInput = {}): Promise<User> => {
    if ("password" in input) return this.#login(input);
    // Callers at the same time share one request.
    this.#autoLogin ??= this.#login(input).finally(() => (this.#autoLogin = null));
    return this.#autoLogin;
  };

  restore = async (): Promise<User | null> => {
    if (!this.#store.tokens) return null;
    try {
      await this.#source.valid();
    } catch (error) {
      if (error instanceof DivanError && error.isSignedOut) return null;
      throw error;
    }
    return this.#session?.user ?? this.request<User>("GET", "auth/me");
  };

  signOut = async (): Promise<void> => {
    const tokens = this.#store.tokens;
    if (!tokens) return;
    this.#store.replace(tokens, null);
    this.#setSession(null);
    await this.#transport.send({
      method: "POST",
      path: "auth/logout",
      body: { refresh_token: tokens.refresh },
      keepalive: true,
    });
  };

  changePassword = async (currentPassword: string, newPassword: string): Promise<User> => {
    const body = { current_password: currentPassword, new_password: newPassword };
    const sentAt = now();
    return this.#begin(await this.request("POST", "auth/me/password", body), sentAt);
  };

  request = async <T = unknown>(method: string, path: string, body?: unknown): Promise<T> => {
    const call: Call = { method, path, body };
    // The search reads only; it is a POST because addresses are logged by proxies.
    if (path === "auth/admin/users/search") call.isRepeatable = true;
    const tokens = await this.#source.valid();
    try {
      return await this.#transport.send<T>({ ...call, token: tokens.access });
    } catch (error) {
      if (!(error instanceof DivanError) || !error.isTokenRejected) throw error;
      const fresh = await this.#replacement(tokens);
      if (!fresh) throw error;
      return this.#transport.send<T>({ ...call, token: fresh.access });
    }
  };

  fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    if (!this.#origins.has(new URL(request.url).origin)) return this.#transport.fetch(request);
    const tokens = await this.#source.valid();
    const response = await this.#transport.fetch(authorized(request.clone(), tokens));
    if (response.status !== 401) return response;
    const problem = await readProblem(response.clone());
    if (problem.code !== "unexpected_response" && !problem.isTokenRejected) return response;
    const fresh = await this.#replacement(tokens);
    return fresh ? this.#transport.fetch(authorized(request, fresh)) : response;
  };

  accessToken = async (): Promise<string> => (await this.#source.valid()).access ?? "";

  onChange = (listener: (session: Session | null) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  async #login(input: LoginInput): Promise<User> {
    const call = loginCall(input, (email) => this.#device.token(email));
    const sentAt = now();
    return this.#begin(await this.#transport.send<TokenResponse>(call), sentAt);
  }

  /** Stores the tokens of a new session before they are used. */
  #begin(response: TokenResponse, sentAt: number): User {
    const user = response.user as User;
    if (this.#isAdmin && response.device_token && user.email) {
      this.#device.save(user.email, response.device_token);
    }
    this.#store.set(tokensOf(response, sentAt));
    this.#setSession({ user });
    return user;
  }

  async #replacement(rejected: Tokens): Promise<Tokens | null> {
    const tokens = await this.#source.refreshed(rejected);
    return tokens.access === rejected.access ? null : tokens;
  }

  #setSession(session: Session | null): void {
    if (session === this.#session) return;
    this.#session = session;
    for (const listener of this.#listeners) listener(session);
  }
}

function authorized(request: Request, tokens: Tokens): Request {
  request.headers.set("Authorization", `Bearer ${tokens.access}`);
  return request;
}
