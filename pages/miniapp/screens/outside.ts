import { h } from "../../shared/dom.js";
import type { App, Screen } from "../app.js";
import type { Config } from "../config.js";
import { field } from "../field.js";
import { form } from "../form.js";
import { start } from "../start.js";
import { DivanError } from "../../client/error.js";

/** The page outside Telegram: a link to the bot and, in development mode, a test sign-in. */
export function outside(config: Config): Screen {
  return {
    render: (app) => {
      const { more } = app;
      const link = config.bot_username && h("a", {
        class: "button primary",
        href: `https://t.me/${encodeURIComponent(config.bot_username)}`,
        rel: "noreferrer",
      }, more.openInTelegram);
      return [
        h("h1", { tabindex: -1 }, more.outsideTitle),
        h("p", { class: "lead" }, more.outsideText),
        link || h("span", {}),
        config.test_sign_in ? testSignIn(app) : h("span", {}),
      ];
    },
  };
}

function testSignIn(app: App): HTMLElement {
  const { more } = app;
  const id = field(more.testTelegramId, { inputmode: "numeric", value: "42" }, more.testHint);
  return form(app, {
    label: more.testSignIn,
    fields: {},
    content: [h("section", { class: "card" }, id.element)],
    isComplete: () => /^[1-9]\d{0,14}$/.test(id.input.value),
    run: async () => {
      app.initData = await testInitData(app, Number(id.input.value));
      await start(app);
    },
  });
}

async function testInitData(app: App, telegram_id: number): Promise<string> {
  const response = await fetch(new URL("auth/telegram/test-init-data", app.base), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ telegram_id }),
    credentials: "omit",
  }).catch(() => null);
  if (!response?.ok) throw new DivanError(response ? "unexpected_response" : "network", response?.status);
  return (await response.json()).init_data;
}
