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

/** Returns the start of a day (`YYYY-MM-DD`) in the viewer's zone, some days later, in RFC 3339. */
export function startOfDay(day: string, daysLater: number): string | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day);
  if (!match) return null;
  const [, year, month, date] = match.map(Number) as [number, number, number, number];
  return new Date(year, month - 1, date + daysLater).toISOString();
}

/** Returns the last day (`YYYY-MM-DD`) before a time in the viewer's zone. */
export function lastDayBefore(time: string): string {
  return dayOf(new Date(Date.parse(time) - 1));
}

/** Returns the day (`YYYY-MM-DD`) of a time in the viewer's zone. */
export function dayOf(time: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}
