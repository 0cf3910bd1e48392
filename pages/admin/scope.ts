import type { Client } from "../client/divan.js";

/** Returns what an access token is limited to; `null` for one that is valid for all calls. */
export async function scopeOf(client: Client): Promise<string | null> {
  const [, claims = ""] = (await client.accessToken()).split(".");
  try {
    return JSON.parse(atob(claims.replace(/-/g, "+").replace(/_/g, "/"))).scope ?? null;
  } catch {
    return null;
  }
}
