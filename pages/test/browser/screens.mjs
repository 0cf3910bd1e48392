// Every screen in every language and theme: no violation of axe, and no horizontal scrolling at 360 px.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch, openContext, tooWide } from "./support/browser.mjs";
import { DARK_THEME, launchHash, signedInitData, THEME } from "./support/miniapp.mjs";
import { bootstrap } from "./support/panel.mjs";
import { fill, miniAppScreens, panelScreens } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";

const LANGUAGES = ["ru", "kk", "en"];
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

let browser;
let server;
let axe;
let content;

before(async () => {
  const path = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
  [browser, server, axe] = await Promise.all([launch(), startServer(), readFile(path, "utf8")]);
  content = await fill(server, await bootstrap(server));
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Violations of axe, as `rule: element`. */
async function violations(page) {
  if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(axe);
  const found = await page.evaluate((values) => window.axe.run(document, { runOnly: values, resultTypes: ["violations"] }), TAGS);
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
}

async function checkScreens(screens, setLanguage) {
  const context = await openContext(browser, server, { viewport: { width: 360, height: 640 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  for (const [name, open] of Object.entries(screens)) {
    await open(page);
    for (const language of LANGUAGES) {
      await setLanguage(page, language);
      assert.deepEqual(await tooWide(page), [], `${name}, ${language}: too wide for 360 px`);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await violations(page), [], `${name}, ${language}, ${colorScheme}`);
      }
    }
  }
  context.assertClean();
  await context.close();
}

test("mini_app_screens", async () => {
  await checkScreens(await miniAppScreens(server, content), async (page, language) => {
    await page.locator(`.languages [lang=${language}]`).click();
    await page.locator(`html[lang=${language}]`).waitFor();
  });
});

test("panel_screens", async () => {
  await checkScreens(await panelScreens(server, content), async (page, language) => {
    // The switch is behind a dialog, so the value is set as a user's choice.
    await page.locator("#language").evaluate((select, language) => {
      select.value = language;
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }, language);
    await page.locator(`html[lang=${language}]`).waitFor();
  });
});

test("index_page", async () => {
  await checkScreens({ index: (page) => page.goto(server.index) }, async () => {});
});

test("themes_of_telegram", async () => {
  const context = await openContext(browser, server);
  const page = await context.newPage();
  const themes = {
    light: THEME,
    dark: DARK_THEME,
    night: { ...DARK_THEME, bg_color: "#17212b", secondary_bg_color: "#232e3c", hint_color: "#708499", link_color: "#6ab3f3", button_color: "#5288c1" },
    pale: { ...THEME, text_color: "#9a9a9a", hint_color: "#cccccc", link_color: "#aad4ff", button_color: "#aad4ff", destructive_text_color: "#ffaaaa" },
  };
  for (const [name, theme] of Object.entries(themes)) {
    const initData = await signedInitData(server, { id: 502 });
    await page.goto("about:blank");
    await page.goto(`${server.miniapp}#${launchHash(initData, { theme, version: "" })}`);
    await page.locator("input[type=tel]").fill("12");
    await page.locator("input[type=password]").fill("wrong password");
    await page.keyboard.press("Enter");
    await page.locator(".note.error").waitFor();
    const found = await violations(page);
    // A theme whose own text is hard to read stays so.
    assert.deepEqual(name === "pale" ? found.filter((text) => !text.startsWith("color-contrast")) : found, [], name);
  }
  context.assertClean();
  await context.close();
});
