import type { components } from "../shared/api.js";

export type TokenResponse = components["schemas"]["TokenResponse"];

/** Tokens of a session. A pair that was read from the storage has no access token. */
export interface Tokens {
  refresh: string;
  access?: string;
  /** Lifetime of the access token in milliseconds. */
  lifetime: number;
  /** Time of the page at which the pair was received. */
  obtainedAt: number;
  /** Time of the page at which the access token is refreshed. */
  refreshAt: number;
}

/** The pair of a response, to be refreshed between 80 and 90 % of the access token's lifetime. */
export function tokensOf(response: Omit<TokenResponse, "user" | "token_type">, obtainedAt: number): Tokens {
  const lifetime = response.expires_in * 1000;
  return {
    refresh: response.refresh_token,
    access: response.access_token,
    lifetime,
    obtainedAt,
    // Drawn once per pair: with one draw per call the earliest would always win.
    refreshAt: obtainedAt + lifetime * (0.8 + Math.random() * 0.1),
  };
}

export const expiresAt = (tokens: Tokens): number => tokens.obtainedAt + tokens.lifetime;
