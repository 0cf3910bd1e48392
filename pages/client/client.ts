import type { KnownDevice } from "./device.js";
import type { Session, User } from "./divan.js";
import { DivanError } from "./error.js";
import { loginCall, type LoginInput } from "./login.js";
import { TokenSource } from "./refresh.js";
import type { TokenStore } from "./store.js";
import { now } from "./time.js";
import { type TokenResponse, type Tokens, tokensOf } from "./tokens.js";
import type { Call, Transport } from "./transport.js";

/** Signs in to one audience of one server, and sends calls with its access token. */
export class SessionClient {
  protected readonly transport: Transport;
  protected readonly store: TokenStore;
  protected readonly source: TokenSource;
  protected readonly device: KnownDevice | undefined;
  readonly #listeners = new Set<(session: Session | null) => void>();
  #autoLogin: Promise<User> | null = null;
  #session: Session | null = null;

  constructor(transport: Transport, store: TokenStore, device?: KnownDevice) {
    this.transport = transport;
    this.store = store;
    this.device = device;
    store.onAdopt = () => {
      if (!store.tokens) this.setSession(null);
    };
    this.source = new TokenSource(
      this.transport,
      this.store,
      (response) => this.setSession({ user: response.user as User }),
      () => this.setSession(null),
    );
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

  signOut = async (): Promise<void> => {
    const tokens = this.store.tokens;
    if (!tokens) return;
    this.store.replace(tokens, null);
    this.setSession(null);
    await this.transport.send({
      method: "POST",
      path: "auth/logout",
      body: { refresh_token: tokens.refresh },
      keepalive: true,
    });
  };

  changePassword = async (currentPassword: string, newPassword: string): Promise<User> => {
    const body = { current_password: currentPassword, new_password: newPassword };
    const sentAt = now();
    return this.begin(await this.request("POST", "auth/me/password", body), sentAt);
  };

  request = <T = unknown>(method: string, path: string, body?: unknown): Promise<T> =>
    this.send<T>(method, path, body);

  protected async send<T>(method: string, path: string, body?: unknown): Promise<T> {
    const call: Call = { method, path, body };
    // The search reads only; it is a POST because addresses are logged by proxies.
    if (path === "auth/admin/users/search") call.isRepeatable = true;
    const tokens = await this.source.valid();
    try {
      return await this.transport.send<T>({ ...call, token: tokens.access });
    } catch (error) {
      if (!(error instanceof DivanError) || !error.isTokenRejected) throw error;
      const fresh = await this.replacement(tokens);
      if (!fresh) throw error;
      return this.transport.send<T>({ ...call, token: fresh.access });
    }
  }

  onChange = (listener: (session: Session | null) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  async #login(input: LoginInput): Promise<User> {
    const call = loginCall(input, (email) => this.device?.token(email));
    const sentAt = now();
    return this.begin(await this.transport.send<TokenResponse>(call), sentAt);
  }

  /** Stores the tokens of a new session before they are used. */
  protected begin(response: TokenResponse, sentAt: number): User {
    const user = response.user as User;
    if (response.device_token && user.email) this.device?.save(user.email, response.device_token);
    this.store.set(tokensOf(response, sentAt));
    this.setSession({ user });
    return user;
  }

  protected async replacement(rejected: Tokens): Promise<Tokens | null> {
    const tokens = await this.source.refreshed(rejected);
    return tokens.access === rejected.access ? null : tokens;
  }

  protected setSession(session: Session | null): void {
    if (session === this.#session) return;
    this.#session = session;
    for (const listener of this.#listeners) listener(session);
  }
}
