import { DivanError } from "../client/error.js";
import { h } from "../shared/dom.js";
import { countdown } from "../shared/duration.js";
import type { App, Screen } from "./app.js";
import { isNotice, openNotice, problemText } from "./problems.js";
import { account } from "./screens/account.js";
import { signIn } from "./screens/sign_in.js";

/** Signs in with init data alone, and shows the form if a password is required. */
export async function start(app: App, message?: "sessionEnded"): Promise<void> {
  if (!app.initData && !app.bridge.isTelegram) {
    app.show(loading(app));
    const config = await app.config();
    return app.open(({ outside }) => outside(config));
  }
  app.show(loading(app));
  try {
    app.user = await app.client.signIn({ initData: app.initData });
    const back = () => app.show(account());
    // The button of a message about the account.
    if (/^#sessions\b/.test(location.hash)) void app.open(({ devices }) => devices(back));
    else back();
  } catch (cause) {
    const error = cause instanceof DivanError ? cause : new DivanError("internal");
    if (error.code === "password_required") app.show(signIn(message));
    else if (isNotice(error.code)) openNotice(app, error.code);
    else app.show(failure(error));
  }
}

function loading(_: App): Screen {
  return {
    render: ({ texts }) => [
      h("h1", { class: "loading", tabindex: -1 }, texts.signingIn),
      h("div", { class: "spinner", "aria-hidden": "true" }),
    ],
  };
}

/** A failed auto-login. It is tried again by itself when the server was busy or the page offline. */
function failure(error: DivanError): Screen {
  return {
    render: (app) => {
      const { texts } = app;
      const text = h("p", { class: "lead", role: "alert" });
      const again = () => void start(app);
      if (error.code === "overloaded" || error.code === "too_many_attempts") {
        const sentence = error.code === "overloaded" ? texts.busy : texts.waitFor;
        const tick = (time: string) => (text.textContent = sentence.replace("{time}", time));
        app.onLeave(countdown(error.retryAfter ?? 2, tick, again));
      } else if (!navigator.onLine) {
        text.textContent = texts.offline;
        addEventListener("online", again, { once: true });
        app.onLeave(() => removeEventListener("online", again));
      } else text.textContent = problemText(texts, error);
      const retry = h("button", { type: "button", class: "secondary", onclick: again }, texts.retry);
      return [h("h1", { tabindex: -1 }, texts.signIn), text, retry];
    },
  };
}
