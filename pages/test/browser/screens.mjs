// Every screen in every language and theme: no violation of axe, and no horizontal scrolling at 360 px.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { everyScreen, setMiniAppLanguage, setPanelLanguage, violations } from "./support/axe.mjs";
import { launch, openContext, tooWide } from "./support/browser.mjs";
import { DARK_THEME, launchHash, signedInitData, THEME } from "./support/miniapp.mjs";
import { bootstrap } from "./support/panel.mjs";
import { fill, miniAppScreens, panelScreens, passkeyScreens, requiredSecondFactor, secondFactorScreens, serviceScreens, webhookScreens } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";

let browser;
let server;
let token;
let content;

before(async () => {
  [browser, server] = await Promise.all([launch(), startServer()]);
  token = await bootstrap(server);
  content = await fill(server, token);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function checkScreens(screens, setLanguage, at = server) {
  const context = await openContext(browser, at, { viewport: { width: 360, height: 640 }, reducedMotion: "reduce" });
  await everyScreen(await context.newPage(), screens, setLanguage, async (page, name) => {
    assert.deepEqual(await tooWide(page), [], `${name}: too wide for 360 px`);
    assert.deepEqual(await violations(page), [], name);
  });
  context.assertClean();
  await context.close();
}

test("mini_app_screens", async () => checkScreens(await miniAppScreens(server, content), setMiniAppLanguage));

test("panel_screens", async () => checkScreens(await panelScreens(server, content), setPanelLanguage));

test("second_factor_screens", async () => checkScreens(await secondFactorScreens(server, token), setPanelLanguage));

test("passkey_screens", async () => checkScreens(await passkeyScreens(server, token), setPanelLanguage));

test("service_screens", async () => checkScreens(await serviceScreens(server, token), setPanelLanguage));

test("webhook_screens", async () => checkScreens(await webhookScreens(server), setPanelLanguage));

test("required_second_factor", async () => {
  const required = await startServer({ DIVAN_ADMIN_SECOND_FACTOR: "required" });
  await checkScreens(requiredSecondFactor(required), setPanelLanguage, required).finally(() => required.stop());
});

test("index_page", () => checkScreens({ index: (page) => page.goto(server.index) }, async () => {}));

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
