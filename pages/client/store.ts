import type { Tokens } from "./tokens.js";

/** Tokens of one page, in memory. */
export class TokenStore {
  tokens: Tokens | null = null;
  /** Called when another tab has replaced the tokens. */
  onAdopt: () => void = () => {};

  /** Stores a pair unconditionally. */
  set(tokens: Tokens | null): void {
    this.tokens = tokens;
  }

  /** Stores a pair if `expected` is still the current one. */
  replace(expected: Tokens, tokens: Tokens | null): boolean {
    if (this.tokens?.refresh !== expected.refresh) return false;
    this.set(tokens);
    return true;
  }

  /** Runs `action` while no other tab with the same tokens refreshes. */
  exclusively<T>(action: () => Promise<T>): Promise<T> {
    return action();
  }
}
