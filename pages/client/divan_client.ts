import { SessionClient } from "./client.js";
import type { KnownDevice } from "./device.js";
import type { Client, ClientOptions, FreshToken, IdentityProof, SecondStep, User } from "./divan.js";
import { DivanError } from "./error.js";
import { readProblem } from "./problem.js";
import type { TokenStore } from "./store.js";
import { now } from "./time.js";
import { type Tokens, type TokenResponse, tokensOf } from "./tokens.js";
import type { Transport } from "./transport.js";

/** Client for other pages and servers: it also restores sessions and calls resource servers. */
export class DivanClient extends SessionClient implements Client {
  readonly #origins: Set<string>;
  readonly #onStepUp: ClientOptions["onStepUp"];
  #stepUp: Promise<boolean> | null = null;
  /** Time of the page at which the identity was proved. */
  #provedAt = 0;

  constructor(transport: Transport, store: TokenStore, options: ClientOptions, device?: KnownDevice) {
    super(transport, store, device);
    this.#onStepUp = options.onStepUp;
    this.#origins = new Set([transport.server.origin, ...(options.origins ?? [])]);
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
    const sentAt = now();
    const response = await this.#fetch(request.clone());
    if (response.status !== 401) return response;
    const isProved = await this.#prove(await readProblem(response.clone()), sentAt);
    return isProved ? this.#fetch(request) : response;
  };

  completeSignIn = ({ challenge, ...proof }: SecondStep): Promise<User> =>
    this.#signIn("auth/admin/login/second-factor", { challenge, ...members(proof) });

  signInWithPasskey = (passkey: Record<string, unknown>): Promise<User> =>
    this.#signIn("auth/admin/login/passkey", { passkey, device_token: this.device?.token() });

  stepUp = async (proof: IdentityProof): Promise<void> => {
    const sentAt = now();
    this.#replace(await super.send<FreshToken>("POST", "auth/admin/step-up", members(proof)), sentAt);
    this.#provedAt = now();
  };

  replaceAccessToken = (token: FreshToken): void => this.#replace(token, now());

  protected override async send<T>(method: string, path: string, body?: unknown): Promise<T> {
    const sentAt = now();
    try {
      return await super.send<T>(method, path, body);
    } catch (error) {
      if (!(error instanceof DivanError) || !(await this.#prove(error, sentAt))) throw error;
      return super.send<T>(method, path, body);
    }
  }

  /** Begins a session with the response. The request is sent once. */
  async #signIn(path: string, body: object): Promise<User> {
    const sentAt = now();
    return this.begin(await this.transport.send<TokenResponse>({ method: "POST", path, body }), sentAt);
  }

  /** Sends a request with an access token, and repeats it once with a new one if the first is rejected. */
  async #fetch(request: Request): Promise<Response> {
    const tokens = await this.source.valid();
    const response = await this.transport.fetch(authorized(request.clone(), tokens));
    if (response.status !== 401) return response;
    const problem = await readProblem(response.clone());
    if (problem.code !== "unexpected_response" && !problem.isTokenRejected) return response;
    const fresh = await this.replacement(tokens);
    return fresh ? this.transport.fetch(authorized(request, fresh)) : response;
  }

  /** Asks for a proof of identity if a call needs one. Calls at the same time share the question. */
  async #prove(error: DivanError, sentAt: number): Promise<boolean> {
    if (error.code !== "insufficient_user_authentication" || !this.#onStepUp) return false;
    // The proof came while the call was on its way.
    if (this.#provedAt > sentAt) return true;
    this.#stepUp ??= this.#onStepUp(error).finally(() => (this.#stepUp = null));
    return this.#stepUp;
  }

  /** The refresh token stays. */
  #replace(token: FreshToken, sentAt: number): void {
    const { tokens } = this.store;
    if (!tokens) return;
    this.store.set(tokensOf({ ...token, refresh_token: tokens.refresh }, sentAt));
    if (this.session) this.setSession({ ...this.session });
  }

  accessToken = async (): Promise<string> => (await this.source.valid()).access ?? "";
}

const members = ({ recoveryCode, ...proof }: IdentityProof) => ({ ...proof, recovery_code: recoveryCode });

function authorized(request: Request, tokens: Tokens): Request {
  request.headers.set("Authorization", `Bearer ${tokens.access}`);
  return request;
}
