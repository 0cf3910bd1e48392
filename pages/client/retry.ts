import type { DivanError } from "./error.js";

const BACKOFF = 100;
const MAX_DELAY = 10_000;

/** Returns the delay before the next attempt in milliseconds; `null` when there is none. */
export function retryDelay(error: DivanError, attempt: number, left: number): number | null {
  const retryAfter = (error.retryAfter ?? 0) * 1000;
  if (!error.isTransient || retryAfter > MAX_DELAY) return null;
  const limit = Math.min(BACKOFF * 2 ** (attempt - 1), MAX_DELAY);
  const delay = retryAfter + Math.random() * limit;
  return delay < left ? delay : null;
}
