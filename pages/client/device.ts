import type { KeyValueStorage } from "./divan.js";

/** Device token of an administrator: it belongs to the browser and is kept after a sign-out. */
export class KnownDevice {
  readonly #key: string;
  readonly #storage: KeyValueStorage;

  constructor(key: string, storage: KeyValueStorage) {
    this.#key = key;
    this.#storage = storage;
  }

  /** Returns the token of the last sign-in, if it was with this e-mail address. */
  token(email?: string): string | undefined {
    try {
      const device = JSON.parse(this.#storage.getItem(this.#key) ?? "null");
      return email === undefined || device?.email === canonical(email) ? device?.token : undefined;
    } catch {
      return undefined;
    }
  }

  save(email: string, token: string): void {
    this.#storage.setItem(this.#key, JSON.stringify({ email: canonical(email), token }));
  }
}

const canonical = (email: string): string => email.trim().toLowerCase();
