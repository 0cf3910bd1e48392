import type { Language } from "./language.js";

/** Locales whose dates every browser has: few of them know Kazakh. */
const LOCALES: Record<Language, string> = { ru: "ru", kk: "ru", en: "en-GB" };

const SHORT = { day: "2-digit", month: "2-digit", year: "numeric", hour: "2-digit", minute: "2-digit" } as const;

/** Formats a time in the viewer's zone, in digits. */
export function shortTime(language: Language, time: string): string {
  return new Intl.DateTimeFormat(LOCALES[language], SHORT).format(new Date(time));
}

/** Formats a time with seconds and zone. */
export function exactTime(language: Language, time: string): string {
  const options = { ...SHORT, second: "2-digit", timeZoneName: "short" } as const;
  return new Intl.DateTimeFormat(LOCALES[language], options).format(new Date(time));
}
