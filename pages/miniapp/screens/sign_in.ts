import type { DivanError } from "../../client/error.js";
import { h } from "../../shared/dom.js";
import { trimGenerated } from "../../shared/text.js";
import type { App, Screen } from "../app.js";
import { field, passwordField } from "../field.js";
import { form } from "../form.js";
import { account } from "./account.js";

interface Typed {
  phone: string;
  password: string;
  /** The signed contact that Telegram provided in place of a typed number. */
  contact: string | null;
  isContactFailed: boolean;
}

/** Sign-in with phone number and password. What was typed survives a change of the language. */
export function signIn(message?: "signedOut" | "sessionEnded"): Screen {
  const typed: Typed = { phone: "", password: "", contact: null, isContactFailed: false };
  return { render: (app) => render(app, typed, message) };
}

function render(app: App, typed: Typed, message?: "signedOut" | "sessionEnded"): Node[] {
  const { texts } = app;
  const phone = field(texts.phone, {
    type: "tel",
    autocomplete: "tel",
    inputmode: "tel",
    maxlength: 40,
    value: typed.phone,
    required: true,
  });
  const password = passwordField(texts, texts.password, "current-password");
  password.input.value = typed.password;
  void app.config().then((config) => (phone.input.placeholder = config.phone_example));
  phone.input.addEventListener("input", () => (typed.phone = phone.input.value));
  password.input.addEventListener("input", () => (typed.password = password.input.value));
  const contact = h("div", { class: "contact" });
  const update = () => showContact(app, typed, phone.element, contact, update);
  update();
  return [
    h("h1", { tabindex: -1 }, texts.signIn),
    h("p", { class: "lead" }, message ? texts[message] : texts.signInHint),
    form(app, {
      label: texts.signIn,
      fields: { "/phone": phone, "/password": password },
      content: [h("section", { class: "card" }, phone.element, contact, password.element)],
      isComplete: () => typed.password !== "" && (typed.contact !== null || typed.phone.trim() !== ""),
      run: () => submit(app, typed).catch((error: DivanError) => {
        if (!typed.contact || !/^contact_/.test(error.code)) throw error;
        // The contact may be the cause: without it, the number can still be typed.
        typed.contact = null;
        typed.isContactFailed = true;
        update();
      }),
    }),
  ];
}

async function submit(app: App, typed: Typed): Promise<void> {
  const password = trimGenerated(typed.password);
  const identifier = typed.contact ? { contact: typed.contact } : { phone: typed.phone.trim() };
  const user = await app.client.signIn({ ...identifier, password, initData: app.initData });
  app.user = user;
  app.bridge.haptic("success");
  if (user.password_change_required) await app.open(({ replacePassword }) => replacePassword(password));
  else app.show(account());
}

/** Shows the shared number in place of the field, or the button that asks for it. */
function showContact(app: App, typed: Typed, field: HTMLElement, element: HTMLElement, update: () => void) {
  const { texts, bridge } = app;
  field.hidden = typed.contact !== null;
  if (typed.contact) {
    const change = h("button", { type: "button", class: "link", onclick: () => {
      typed.contact = null;
      update();
    } }, texts.typePhone);
    const number = h("b", {}, numberOf(typed.contact));
    element.replaceChildren(h("span", { class: "note" }, texts.sharedPhone), number, h("br"), change);
    element.dispatchEvent(new Event("input", { bubbles: true }));
    return;
  }
  if (!bridge.canRequestContact) return;
  const share = h("button", { type: "button", class: "link" }, texts.sharePhone);
  const note = h("p", { class: "note", role: "status" }, typed.isContactFailed && texts.phoneNotShared);
  share.addEventListener("click", async () => {
    share.disabled = true;
    typed.contact = await bridge.requestContact();
    share.disabled = false;
    typed.isContactFailed = !typed.contact;
    update();
  });
  element.replaceChildren(share, note);
  element.dispatchEvent(new Event("input", { bubbles: true }));
}

function numberOf(contact: string): string {
  try {
    const { phone_number } = JSON.parse(new URLSearchParams(contact).get("contact") ?? "");
    return `+${String(phone_number).replace(/^\+/, "")}`;
  } catch {
    return "✓";
  }
}
