import type { KeyValueStorage } from "./divan.js";

/** A storage that does not throw: one that is blocked or full keeps nothing. */
export class SafeStorage implements KeyValueStorage {
  readonly #open: () => KeyValueStorage;

  /** Takes a function, because a browser that blocks a storage throws when it is named. */
  constructor(open: () => KeyValueStorage) {
    this.#open = open;
  }

  getItem(key: string): string | null {
    return this.#attempt((storage) => storage.getItem(key)) ?? null;
  }

  setItem(key: string, value: string): void {
    const isStored = this.#attempt((storage) => {
      storage.setItem(key, value);
      return true;
    });
    // The replaced value must not come back: a used refresh token ends the session.
    if (!isStored) this.removeItem(key);
  }

  removeItem(key: string): void {
    this.#attempt((storage) => storage.removeItem(key));
  }

  #attempt<T>(action: (storage: KeyValueStorage) => T): T | undefined {
    try {
      return action(this.#open());
    } catch {
      return undefined;
    }
  }
}
