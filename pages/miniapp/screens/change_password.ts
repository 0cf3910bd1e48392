import { h } from "../../shared/dom.js";
import { trimGenerated } from "../../shared/text.js";
import type { Screen } from "../app.js";
import { passwordField } from "../field.js";
import { form } from "../form.js";
import { account } from "./account.js";

/** Changes the password of the signed-in user. */
export function changePassword(back: () => void): Screen {
  const typed = { current: "", next: "" };
  return {
    back,
    render: (app) => {
      const { texts, more } = app;
      const current = passwordField(texts, more.currentPassword, "current-password");
      const next = passwordField(texts, more.newPassword, "new-password", more.passwordRule);
      current.input.value = typed.current;
      next.input.value = typed.next;
      current.input.addEventListener("input", () => (typed.current = current.input.value));
      next.input.addEventListener("input", () => (typed.next = next.input.value));
      return [
        h("h1", { tabindex: -1 }, texts.changePassword),
        form(app, {
          label: more.save,
          fields: { "/current_password": current, "/new_password": next },
          content: [h("section", { class: "card" }, current.element, next.element)],
          isComplete: () => typed.current !== "" && typed.next !== "",
          problems: { weak_password: more.weakPassword, invalid_credentials: more.wrongCurrentPassword },
          run: async () => {
            app.user = await app.client.changePassword(trimGenerated(typed.current), typed.next);
            app.bridge.haptic("success");
            app.show(account("changed"));
          },
        }),
      ];
    },
  };
}
