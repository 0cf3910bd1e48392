import { SessionClient } from "../client/client.js";
import { TokenStore } from "../client/store.js";
import { Transport } from "../client/transport.js";
import { Bridge } from "../shared/bridge.js";
import { h } from "../shared/dom.js";
import { languageOf } from "../shared/language.js";
import { applyTheme } from "../shared/theme.js";
import { App } from "./app.js";
import { start } from "./start.js";

const page = document.documentElement;
const bridge = new Bridge();
applyTheme(bridge.theme, page);
bridge.onTheme = (theme) => applyTheme(theme, page);
bridge.onInsets = (kind, insets) => {
  for (const side of ["top", "bottom", "left", "right"] as const) {
    const value = Number(insets?.[side]);
    if (Number.isFinite(value)) page.style.setProperty(`--${kind}-${side}`, `${value}px`);
  }
};

const base = new URL(".", document.baseURI).href.split("#")[0] as string;
const client = new SessionClient(new Transport(base), new TokenStore());
const language = languageOf([languageOfUser(bridge.initData), ...navigator.languages]);
const root = document.getElementById("app") as HTMLElement;
const app = new App(root, client, bridge, base);

client.onChange((session) => {
  if (session || !app.user) return;
  app.user = null;
  void start(app, "sessionEnded");
});
app.setLanguage(language).catch(() => {
  // No texts arrived, so the button is in all languages.
  const reload = () => location.reload();
  root.replaceChildren(h("button", { class: "secondary", onclick: reload }, "Повторить · Қайталау · Try again"));
});
void start(app);
bridge.expand();
// Telegram hides its placeholder at `ready`, so the first paint comes before.
requestAnimationFrame(() => requestAnimationFrame(bridge.ready));

function languageOfUser(initData: string): string | null {
  try {
    return JSON.parse(new URLSearchParams(initData).get("user") ?? "null")?.language_code ?? null;
  } catch {
    return null;
  }
}
