import type { components } from "../shared/api.js";

export type Config = components["schemas"]["MiniAppConfig"];

const DEFAULT: Config = { languages: [], phone_example: "+7 701 123 45 67", test_sign_in: false };

/** Loads the configuration; the page works without it. */
export async function loadConfig(base: string): Promise<Config> {
  try {
    const response = await fetch(new URL("auth/telegram/config", base), { credentials: "omit" });
    return response.ok ? { ...DEFAULT, ...(await response.json()) } : DEFAULT;
  } catch {
    return DEFAULT;
  }
}
