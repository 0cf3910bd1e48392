/** Formats seconds as `m:ss`, or `h:mm:ss`. */
export function duration(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, i) => (i === 0 ? `${part}` : `${part}`.padStart(2, "0"))).join(":");
}

/**
 * Calls `onTick` now and each second with the remaining time, and `onEnd` at the end. Returns a
 * function that stops it. The time is right after the page was suspended.
 */
export function countdown(
  seconds: number,
  onTick: (remaining: string) => void,
  onEnd: () => void,
): () => void {
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left > 0) return onTick(duration(left));
    clearInterval(timer);
    onEnd();
  };
  const timer = setInterval(tick, 1000);
  tick();
  return () => clearInterval(timer);
}
