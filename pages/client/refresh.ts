import { DivanError } from "./error.js";
import type { TokenStore } from "./store.js";
import { now } from "./time.js";
import { expiresAt, type TokenResponse, type Tokens, tokensOf } from "./tokens.js";
import type { Transport } from "./transport.js";

/** Time limit of a refresh, retries included; the server repeats its response for 30 seconds. */
const REFRESH_TIMEOUT = 14_000;

/**
 * Minimum age of a pair before it is refreshed. Another tab may still be refreshing the previous
 * pair: if this one were replaced before that request arrives, it would look like a stolen token.
 */
const MIN_REFRESH_AGE = REFRESH_TIMEOUT + 2_000;

/** Source of access tokens: the store, and a refresh when it is due. */
export class TokenSource {
  readonly #transport: Transport;
  readonly #store: TokenStore;
  readonly #onResponse: (response: TokenResponse) => void;
  readonly #onEnd: () => void;
  #inFlight: { stale: string; result: Promise<Tokens> } | null = null;

  constructor(
    transport: Transport,
    store: TokenStore,
    onResponse: (response: TokenResponse) => void,
    onEnd: () => void,
  ) {
    this.#transport = transport;
    this.#store = store;
    this.#onResponse = onResponse;
    this.#onEnd = onEnd;
  }

  /** Returns tokens for a call, refreshed when they are about to expire. */
  async valid(): Promise<Tokens> {
    const tokens = this.#required();
    if (tokens.access && now() < tokens.refreshAt) return tokens;
    try {
      return await this.refreshed(tokens);
    } catch (error) {
      const left = expiresAt(tokens) - now();
      if (!tokens.access || left <= 0 || (error as DivanError).isSignedOut) throw error;
      // The access token is still valid: use it and retry the refresh later.
      tokens.refreshAt = now() + left / 2;
      return tokens;
    }
  }

  /** Returns newer tokens than `stale`; `stale` itself while it is too young to be refreshed. */
  refreshed(stale: Tokens): Promise<Tokens> {
    if (this.#inFlight?.stale === stale.refresh) return this.#inFlight.result;
    const flight = {
      stale: stale.refresh,
      result: this.#store.exclusively(() => this.#refresh(stale)).finally(() => {
        if (this.#inFlight === flight) this.#inFlight = null;
      }),
    };
    this.#inFlight = flight;
    return flight.result;
  }

  async #refresh(stale: Tokens): Promise<Tokens> {
    const stored = this.#required();
    if (stored.refresh !== stale.refresh && stored.access) return stored;
    if (stored.access && now() - stored.obtainedAt < MIN_REFRESH_AGE) return stored;
    const sentAt = now();
    try {
      const response = await this.#transport.send<TokenResponse>({
        method: "POST",
        path: "auth/refresh",
        body: { refresh_token: stored.refresh },
        isRepeatable: true,
        deadline: sentAt + REFRESH_TIMEOUT,
      });
      const tokens = tokensOf(response, sentAt);
      if (!this.#store.replace(stored, tokens)) return this.#required();
      this.#onResponse(response);
      return tokens;
    } catch (error) {
      if (error instanceof DivanError && error.isSignedOut) {
        if (!this.#store.replace(stored, null) && this.#store.tokens) return this.#store.tokens;
        this.#onEnd();
      }
      throw error;
    }
  }

  #required(): Tokens {
    if (!this.#store.tokens) throw new DivanError("signed_out");
    return this.#store.tokens;
  }
}
