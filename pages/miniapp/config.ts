import type { TelegramConfig } from "../shared/pending_api.js";

export type Config = TelegramConfig;

const DEFAULT: Config = { phone_example: "+7 701 123 45 67" };

/** Loads the configuration; the page works without it. */
export async function loadConfig(base: string): Promise<Config> {
  try {
    const response = await fetch(new URL("auth/telegram/config", base), { credentials: "omit" });
    return response.ok ? { ...DEFAULT, ...(await response.json()) } : DEFAULT;
  } catch {
    return DEFAULT;
  }
}
