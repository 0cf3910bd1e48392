import type { KeyValueStorage } from "./divan.js";
import { TokenStore } from "./store.js";
import type { Tokens } from "./tokens.js";

interface Replaced {
  from: string;
  to: Tokens | null;
  /** Age of the pair in milliseconds. */
  age: number;
}

/**
 * Tokens of one tab, whose refresh token survives a reload. Tabs that hold the same token (a
 * duplicated tab copies `sessionStorage`) learn from each other which pair replaces it.
 */
export class TabStore extends TokenStore {
  readonly #key: string;
  readonly #storage: KeyValueStorage;
  readonly #channel: BroadcastChannel | undefined;

  constructor(key: string, storage: KeyValueStorage) {
    super();
    this.#key = key;
    this.#storage = storage;
    const refresh = storage.getItem(key);
    if (refresh) this.tokens = { refresh, lifetime: 0, obtainedAt: 0, refreshAt: 0 };
    if (typeof BroadcastChannel === "undefined") return;
    this.#channel = new BroadcastChannel(key);
    this.#channel.onmessage = ({ data }: MessageEvent<Replaced>) => this.#adopt(data);
  }

  override set(tokens: Tokens | null): void {
    super.set(tokens);
    if (tokens) this.#storage.setItem(this.#key, tokens.refresh);
    else this.#storage.removeItem(this.#key);
  }

  override replace(expected: Tokens, tokens: Tokens | null): boolean {
    if (!super.replace(expected, tokens)) return false;
    const age = tokens ? performance.now() - tokens.obtainedAt : 0;
    this.#channel?.postMessage({ from: expected.refresh, to: tokens, age } satisfies Replaced);
    return true;
  }

  override async exclusively<T>(action: () => Promise<T>): Promise<T> {
    const locks = globalThis.navigator?.locks;
    return locks ? (locks.request(this.#key, action) as Promise<T>) : action();
  }

  #adopt({ from, to, age }: Replaced): void {
    if (this.tokens?.refresh !== from) return;
    // Each tab counts time from its own start.
    const shift = to ? performance.now() - age - to.obtainedAt : 0;
    this.set(to && { ...to, obtainedAt: to.obtainedAt + shift, refreshAt: to.refreshAt + shift });
    this.onAdopt();
  }
}
