import type { Tokens } from "./tokens.js";

interface Replaced {
  from: string;
  to: Tokens | null;
  age: number;
}

/**
 * Tokens of one tab. With a storage the refresh token survives a reload, and tabs that hold the same
 * token (a duplicated tab copies `sessionStorage`) learn from each other which pair replaces it.
 */
export class TokenStore {
  readonly #key: string;
  readonly #storage: Storage | undefined;
  readonly #channel: BroadcastChannel | undefined;
  readonly #onReplace: () => void;
  #tokens: Tokens | null = null;

  constructor(key: string, storage: Storage | undefined, onReplace: () => void) {
    this.#key = key;
    this.#storage = storage;
    this.#onReplace = onReplace;
    if (!storage) return;
    const refresh = storage.getItem(key);
    if (refresh) {
      this.#tokens = { refresh, lifetime: 0, obtainedAt: 0, refreshAt: 0 };
    }
    if (typeof BroadcastChannel === "undefined") return;
    this.#channel = new BroadcastChannel(key);
    this.#channel.onmessage = ({ data }: MessageEvent<Replaced>) => this.#adopt(data);
  }

  get tokens(): Tokens | null {
    return this.#tokens;
  }

  /** Stores a pair unconditionally. */
  set(tokens: Tokens | null): void {
    this.#tokens = tokens;
    if (tokens) this.#storage?.setItem(this.#key, tokens.refresh);
    else this.#storage?.removeItem(this.#key);
  }

  /** Stores a pair if `expected` is still the current one. */
  replace(expected: Tokens, tokens: Tokens | null): boolean {
    if (this.#tokens?.refresh !== expected.refresh) return false;
    this.set(tokens);
    const age = tokens ? performance.now() - tokens.obtainedAt : 0;
    this.#channel?.postMessage({ from: expected.refresh, to: tokens, age } satisfies Replaced);
    return true;
  }

  /** Runs `action` while no other tab with the same storage key refreshes. */
  async exclusively<T>(action: () => Promise<T>): Promise<T> {
    if (!this.#channel || typeof navigator === "undefined" || !navigator.locks) return action();
    return navigator.locks.request(this.#key, action) as Promise<T>;
  }

  #adopt({ from, to, age }: Replaced): void {
    if (this.#tokens?.refresh !== from) return;
    // Each tab counts time from its own start.
    const shift = to ? performance.now() - age - to.obtainedAt : 0;
    this.set(to && { ...to, obtainedAt: to.obtainedAt + shift, refreshAt: to.refreshAt + shift });
    this.#onReplace();
  }
}
