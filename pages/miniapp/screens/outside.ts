import { DivanError } from "../../client/error.js";
import { readProblem } from "../../client/problem.js";
import { h } from "../../shared/dom.js";
import { fill } from "../../shared/text.js";
import type { App, Screen } from "../app.js";
import type { Config } from "../config.js";
import { field } from "../field.js";
import { form } from "../form.js";
import { start } from "../start.js";

/** Parameter of the fragment that keeps the id of the test user. */
const TEST_ID = "test_telegram_id";

/** The page outside Telegram: a link to the bot or, in development mode, a test sign-in. */
export function outside(config: Config): Screen {
  const typed = { id: new URLSearchParams(location.hash.slice(1)).get(TEST_ID) ?? "42" };
  return {
    render: (app) => {
      const { more } = app;
      const link = config.bot_username && h("a", {
        class: "button primary",
        href: `https://t.me/${encodeURIComponent(config.bot_username)}`,
        rel: "noreferrer",
      }, more.openInTelegram);
      return [
        ...(config.test_sign_in ? testSignIn(app, typed) : []),
        h(config.test_sign_in ? "h2" : "h1", { tabindex: -1 }, more.outsideTitle),
        h("p", { class: "lead" }, more.outsideText),
        link || h("span", {}),
      ];
    },
  };
}

function testSignIn(app: App, typed: { id: string }): HTMLElement[] {
  const { more } = app;
  const id = field(more.testTelegramId, { inputmode: "numeric", maxlength: 15, value: typed.id }, more.testIdHint);
  id.input.addEventListener("input", () => (typed.id = id.input.value.trim()));
  return [
    h("h1", { tabindex: -1 }, more.testTitle),
    h("p", { class: "lead" }, more.testHint),
    form(app, {
      label: more.testSignIn,
      fields: { "/telegram_id": id },
      content: [h("section", { class: "card" }, id.element)],
      isComplete: () => /^[1-9]\d{0,14}$/.test(typed.id),
      run: async () => {
        app.initData = await testInitData(app, Number(typed.id));
        // A reload keeps the id.
        history.replaceState(null, "", `#${TEST_ID}=${typed.id}`);
        app.banner = () => banner(app, typed.id);
        await start(app);
      },
    }),
  ];
}

function banner(app: App, id: string): Node {
  const { more } = app;
  const change = h("button", { type: "button", class: "link", onclick: () => location.reload() }, more.testChange);
  return h("p", { class: "banner" }, h("span", {}, fill(more.testBanner, { id })), change);
}

async function testInitData(app: App, telegram_id: number): Promise<string> {
  const user = { telegram_id, first_name: "Test", username: `test_${telegram_id}`, language_code: app.language };
  const response = await fetch(new URL("auth/telegram/test-init-data", app.base), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(user),
    credentials: "omit",
  }).catch(() => null);
  if (!response) throw new DivanError("network");
  if (!response.ok) throw await readProblem(response);
  return (await response.json()).init_data;
}
