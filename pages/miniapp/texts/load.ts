import type { Language } from "../../shared/language.js";
import type { MoreTexts, Texts } from "./texts.js";

/** Loads the texts of one language; the others are not part of the page's first load. */
export async function loadTexts(language: Language): Promise<Texts> {
  switch (language) {
    case "ru":
      return (await import("./ru.js")).ru;
    case "kk":
      return (await import("./kk.js")).kk;
    case "en":
      return (await import("./en.js")).en;
  }
}

export async function loadMoreTexts(language: Language): Promise<MoreTexts> {
  switch (language) {
    case "ru":
      return (await import("./ru_more.js")).more;
    case "kk":
      return (await import("./kk_more.js")).more;
    case "en":
      return (await import("./en_more.js")).more;
  }
}
