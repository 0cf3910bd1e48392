import type { Language } from "../shared/language.js";
import { fill } from "../shared/text.js";
import type { Plural } from "./texts/texts.js";

/** Returns the form of a text for a number. */
export function plural(language: Language, text: Plural, n: number): string {
  const form = text[new Intl.PluralRules(language).select(n)] ?? text.other;
  return fill(form, { n: n.toLocaleString(language === "en" ? "en" : "ru") });
}
