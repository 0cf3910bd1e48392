import { usePanel } from "./context.js";
import type { Language } from "../shared/language.js";
import { more as en } from "./texts/en_more.js";
import { more as kk } from "./texts/kk_more.js";
import { more as ru } from "./texts/ru_more.js";
import type { MoreTexts } from "./texts/texts.js";

const MORE: Record<Language, MoreTexts> = { ru, kk, en };

export const useMoreTexts = (): MoreTexts => MORE[usePanel().language];
