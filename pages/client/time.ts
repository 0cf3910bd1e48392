import { DivanError } from "./error.js";

/** Time of the page in milliseconds; not affected by changes of the clock. */
export const now = (): number => performance.now();

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Aborts `action` after a time. */
export async function within<T>(
  milliseconds: number,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), milliseconds);
  try {
    return await action(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? new DivanError("timeout") : error;
  } finally {
    clearTimeout(timer);
  }
}
