/** Public configuration of the Mini App. */
export interface Config {
  bot_username?: string;
  /** Example of a phone number in the default region. */
  phone_example: string;
  /** Whether the server signs test data: in development mode only. */
  test_sign_in?: boolean;
}

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
