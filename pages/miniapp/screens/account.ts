import { h } from "../../shared/dom.js";
import type { App, Screen } from "../app.js";
import { signIn } from "./sign_in.js";

/** The signed-in user, and what can be changed. */
export function account(message?: "changed"): Screen {
  return {
    render: (app) => {
      const { texts, user } = app;
      if (!user) return [];
      const back = () => app.show(account());
      return [
        h("h1", { tabindex: -1, class: "name" }, user.full_name),
        message ? h("p", { class: "lead", role: "status" }, texts[message]) : h("span", {}),
        h("section", { class: "card", "aria-label": texts.account }, ...facts(app)),
        h("section", { class: "card" },
          row(texts.changePassword, () => void app.open(({ changePassword }) => changePassword(back))),
          row(texts.devices, () => void app.open(({ devices }) => devices(back))),
        ),
        h("section", { class: "card" },
          h("button", { type: "button", class: "row danger", onclick: () => void signOut(app) }, texts.signOut),
        ),
      ];
    },
  };
}

function facts(app: App): HTMLElement[] {
  const { texts, user } = app;
  const facts: [string, string | undefined][] = [
    [texts.phone, user?.phone],
    [texts.email, user?.email],
    [texts.telegram, user?.telegram_username ? `@${user.telegram_username}` : user?.telegram_id?.toString()],
  ];
  return facts.filter(([, value]) => value).map(([label, value]) =>
    h("div", { class: "row" }, h("span", { class: "label" }, label), h("span", { class: "value" }, value)),
  );
}

function row(label: string, onclick: () => void): HTMLElement {
  return h("button", { type: "button", class: "row", onclick }, label, h("span", { class: "arrow", "aria-hidden": "true" }, "›"));
}

async function signOut(app: App): Promise<void> {
  // Set before, because the end of a session that the user did not end signs in again.
  app.user = null;
  const done = app.client.signOut();
  app.show(signIn("signedOut"));
  // Without connection the tokens are forgotten; the session ends by itself.
  await done.catch(() => {});
}
