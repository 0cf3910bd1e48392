import { h } from "../../shared/dom.js";
import type { Screen } from "../app.js";
import { passwordField } from "../field.js";
import { form } from "../form.js";
import { account } from "./account.js";

/** Replaces a generated password, right after the sign-in with it. */
export function replacePassword(current: string): Screen {
  let typed = "";
  return {
    render: (app) => {
      const { texts, more } = app;
      // The page stores no token: after closing it, the user must sign in with the generated password again.
      app.bridge.setClosingConfirmation(true);
      app.onLeave(() => app.bridge.setClosingConfirmation(false));
      const password = passwordField(texts, more.newPassword, "new-password", more.passwordRule);
      password.input.value = typed;
      password.input.addEventListener("input", () => (typed = password.input.value));
      return [
        h("h1", { tabindex: -1 }, more.replaceTitle),
        h("p", { class: "lead" }, more.replaceHint),
        form(app, {
          label: more.save,
          fields: { "/new_password": password },
          content: [h("section", { class: "card" }, password.element)],
          isComplete: () => typed !== "",
          problems: { weak_password: more.weakPassword },
          run: async () => {
            app.user = await app.client.changePassword(current, typed);
            app.bridge.haptic("success");
            app.show(account("changed"));
          },
        }),
      ];
    },
  };
}
