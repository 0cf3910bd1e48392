import { importAgain } from "../../shared/import.js";
import type { Language } from "../../shared/language.js";
import type { MoreTexts, Texts } from "./texts.js";

type Load<T> = () => Promise<Record<string, T>>;

/** The texts of each language; only those of one are part of the page's first load. */
const TEXTS: Record<Language, Load<Texts>> = {
  ru: () => import("./ru.js"),
  kk: () => import("./kk.js"),
  en: () => import("./en.js"),
};

const MORE: Record<Language, Load<MoreTexts>> = {
  ru: () => import("./ru_more.js"),
  kk: () => import("./kk_more.js"),
  en: () => import("./en_more.js"),
};

const loaded = new Map<unknown, unknown>();

export const loadTexts = (language: Language): Promise<Texts> => load(TEXTS[language]);

export const loadMoreTexts = (language: Language): Promise<MoreTexts> => load(MORE[language]);

/** Imports a module with a single export. */
async function load<T>(importModule: Load<T>): Promise<T> {
  if (!loaded.has(importModule)) {
    const module = await importModule().catch(() => importAgain(importModule));
    loaded.set(importModule, Object.values(module)[0]);
  }
  return loaded.get(importModule) as T;
}
