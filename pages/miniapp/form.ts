import { DivanError } from "../client/error.js";
import { h } from "../shared/dom.js";
import { countdown } from "../shared/duration.js";
import type { App } from "./app.js";
import type { Field } from "./field.js";
import { isNotice, memberText, openNotice, problemText } from "./problems.js";

export interface FormOptions {
  label: string;
  /** Fields by the pointer of their member in the request. */
  fields: Record<string, Field>;
  /** Other elements, before the message. */
  content: HTMLElement[];
  isComplete: () => boolean;
  run: () => Promise<void>;
  /** Replaces the text of a problem code. */
  problems?: Record<string, string>;
}

/** A form that submits once, shows problems, and keeps what was typed. */
export function form(app: App, options: FormOptions): HTMLElement {
  return new Form(app, options).element;
}

class Form {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #options: FormOptions;
  readonly #message = h("div", { class: "message", role: "alert" });
  readonly #button: HTMLButtonElement;
  #isBusy = false;
  #isBlocked = false;
  #isLeft = false;

  constructor(app: App, options: FormOptions) {
    this.#app = app;
    this.#options = options;
    app.onLeave(() => (this.#isLeft = true));
    this.#button = h("button", { type: "submit", class: "primary" }, options.label);
    this.element = h("form", { novalidate: true, onsubmit: (event: Event) => {
      event.preventDefault();
      void this.#submit();
    } }, ...options.content, this.#message, this.#button);
    this.element.addEventListener("input", () => {
      // A field that is edited no longer shows its error.
      if (app.failure?.error.errors.length) app.failure = null;
      this.#update();
    });
    this.element.addEventListener("keydown", (event) => {
      // Implicit submission needs a visible button, which Telegram's main button replaces.
      if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
      event.preventDefault();
      void this.#submit();
    });
    this.#update();
    // After the screen has set its placeholders, which are part of texts.
    if (app.failure) void app.config().then(() => this.#show());
  }

  #update(): void {
    // A form that was left must not change the main button of the next screen.
    if (this.#isLeft) return;
    const isActive = !this.#isBusy && !this.#isBlocked && this.#options.isComplete();
    const button = { text: this.#options.label, isActive, isProgressVisible: this.#isBusy };
    this.#button.hidden = this.#app.setMainButton(button, () => void this.#submit());
    this.#button.disabled = !isActive;
    this.#button.setAttribute("aria-busy", String(this.#isBusy));
  }

  async #submit(): Promise<void> {
    if (this.#isBusy || this.#isBlocked || !this.#options.isComplete()) return;
    this.#message.replaceChildren();
    this.#app.failure = null;
    if (!navigator.onLine) return this.#failWith(new DivanError("offline"));
    this.#setBusy(true);
    try {
      await this.#options.run();
      this.#setBusy(false);
    } catch (cause) {
      this.#setBusy(false);
      const error = cause instanceof DivanError ? cause : new DivanError("internal");
      if (isNotice(error.code)) return openNotice(this.#app, error.code);
      this.#app.bridge.haptic("error");
      this.#failWith(error);
    }
  }

  #setBusy(isBusy: boolean): void {
    this.#isBusy = isBusy;
    this.#update();
  }

  #failWith(error: DivanError): void {
    if (this.#isLeft) return;
    this.#app.failure = { error, at: Date.now() };
    this.#show()?.input.focus();
  }

  /** Shows the failure, and returns the first field with an error. */
  #show(): Field | void {
    const { texts, failure } = this.#app;
    if (!failure || this.#isLeft) return;
    const { error, at } = failure;
    if (error.code === "offline") return this.#waitForConnection();
    const left = (seconds: number) => Math.max(0, seconds - (Date.now() - at) / 1000);
    if (error.code === "overloaded") {
      // Nothing was attempted, so the request may be sent again.
      return this.#wait(left(error.retryAfter ?? 2), texts.busy, () => void this.#submit());
    }
    if (error.code === "too_many_attempts" && error.retryAfter) {
      return this.#wait(left(error.retryAfter), texts.waitFor, () => {
        this.#app.failure = null;
        this.#message.replaceChildren();
      });
    }
    const field = this.#showMemberErrors(error);
    if (field) return field;
    const text = this.#options.problems?.[error.code] ?? problemText(texts, error);
    this.#message.replaceChildren(h("p", { class: "error" }, text));
  }

  #showMemberErrors(error: DivanError): Field | undefined {
    let first: Field | undefined;
    for (const member of error.errors) {
      const field = this.#options.fields[member.pointer];
      if (!field) continue;
      field.setError(memberText(this.#app, member, field.input.placeholder));
      first ??= field;
    }
    return first;
  }

  #wait(seconds: number, text: string, then: () => void): void {
    this.#isBlocked = true;
    this.#update();
    const [before = "", after = ""] = text.split("{time}");
    const timer = h("span", { role: "timer", class: "timer" });
    this.#message.replaceChildren(h("p", {}, before, timer, after));
    const stop = countdown(seconds, (left) => (timer.textContent = left), () => {
      this.#isBlocked = false;
      this.#update();
      then();
    });
    this.#app.onLeave(stop);
  }

  /** Nothing was sent yet, so the form continues by itself when the connection is back. */
  #waitForConnection(): void {
    this.#message.replaceChildren(h("p", {}, this.#app.texts.offline));
    const submit = () => void this.#submit();
    addEventListener("online", submit, { once: true });
    this.#app.onLeave(() => removeEventListener("online", submit));
  }
}
