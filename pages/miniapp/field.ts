import { h } from "../shared/dom.js";
import type { Texts } from "./texts/texts.js";

let ids = 0;

export interface Field {
  element: HTMLElement;
  input: HTMLInputElement;
  /** Shows an error, or removes it. */
  setError(text: string | null): void;
}

/** An input with a label, a hint and an error. */
export function field(label: string, attributes: Record<string, unknown>, hint = ""): Field {
  const id = `field-${++ids}`;
  const input = h("input", {
    id,
    autocapitalize: "none",
    spellcheck: "false",
    "aria-describedby": `${id}-note`,
    ...attributes,
  });
  const note = h("p", { id: `${id}-note`, class: "note" }, hint);
  const setError = (text: string | null) => {
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    note.textContent = text ?? hint;
    note.classList.toggle("error", !!text);
  };
  input.addEventListener("input", () => setError(null));
  const row = h("div", { class: "input" }, input);
  return { element: h("div", { class: "field" }, h("label", { for: id }, label), row, note), input, setError };
}

/** A password input with a button that shows the password. */
export function passwordField(texts: Texts, label: string, autocomplete: string, hint = ""): Field {
  const created = field(label, { type: "password", autocomplete, maxlength: 256, required: true }, hint);
  const { input } = created;
  const reveal = h("button", { type: "button", class: "link", "aria-pressed": "false" }, texts.show);
  reveal.addEventListener("click", () => {
    const shows = input.type === "password";
    input.type = shows ? "text" : "password";
    reveal.textContent = shows ? texts.hide : texts.show;
    reveal.setAttribute("aria-pressed", String(shows));
  });
  input.after(reveal);
  return created;
}
