// Accessibility: axe on every screen, in every language and theme.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

export const LANGUAGES = ["ru", "kk", "en"];
export const THEMES = ["light", "dark"];
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Violations of axe, as `rule: element`. */
export async function violations(page) {
  if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(axe);
  const found = await page.evaluate((values) => window.axe.run(document, { runOnly: values, resultTypes: ["violations"] }), TAGS);
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
}

export const setMiniAppLanguage = async (page, language) => {
  await page.locator(`.languages [lang=${language}]`).click();
  await page.locator(`html[lang=${language}]`).waitFor();
};

/** Sets the value as a user's choice does: a dialog can cover the switch. */
export const setPanelLanguage = async (page, language) => {
  await page.locator("#language").evaluate((select, language) => {
    select.value = language;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }, language);
  await page.locator(`html[lang=${language}]`).waitFor();
};

/** Opens each screen, and calls `check` in each language and theme. */
export async function everyScreen(page, screens, setLanguage, check) {
  for (const [name, open] of Object.entries(screens)) {
    await open(page);
    for (const language of LANGUAGES) {
      await setLanguage(page, language);
      for (const colorScheme of THEMES) {
        await page.emulateMedia({ colorScheme });
        await check(page, `${name}, ${language}, ${colorScheme}`);
      }
    }
  }
}
