/** Parameters that a Telegram client appends to the fragment of the address. */
export function launchParams(hash: string = globalThis.location?.hash ?? ""): URLSearchParams {
  const text = hash.replace(/^#/, "");
  // Telegram appends `?…` when the address has a fragment of its own.
  return new URLSearchParams(text.slice(text.indexOf("?") + 1));
}

/** The init data of this page; empty outside Telegram and after a start from a keyboard button. */
export function launchInitData(): string {
  const official = (globalThis as { Telegram?: { WebApp?: { initData?: string } } }).Telegram;
  return official?.WebApp?.initData || launchParams().get("tgWebAppData") || "";
}
