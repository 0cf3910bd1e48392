export const LANGUAGES = { ru: "Русский", kk: "Қазақша", en: "English" } as const;

export type Language = keyof typeof LANGUAGES;

/** Returns the first language that the pages have; English if there is none. */
export function languageOf(codes: readonly (string | null | undefined)[]): Language {
  for (const code of codes) {
    const base = code?.toLowerCase().split("-")[0];
    if (base && Object.hasOwn(LANGUAGES, base)) return base as Language;
  }
  return "en";
}
