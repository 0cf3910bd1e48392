// Compares the events of the own bridge with those of Telegram's official script, in Chromium.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const CLIENT = "https://web.telegram.org/a/";
const PAGE = "https://page.example/";
const THEME = { bg_color: "#17212b", text_color: "#f5f5f5", button_color: "#5288c1", button_text_color: "#ffffff" };
const OTHER_THEME = { ...THEME, bg_color: "#ffffff", button_color: "#2481cc" };

let browser;
let scripts;

before(async () => {
  const bundle = await build({
    absWorkingDir: root,
    entryPoints: ["test/browser/bridge.ts"],
    bundle: true,
    format: "iife",
    write: false,
  });
  const official = join(root, "node_modules/@twa-dev/sdk/src/telegram-web-apps.js");
  scripts = { own: bundle.outputFiles[0].text, official: await readFile(official, "utf8") };
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
});
after(() => browser?.close());

/** Opens a page with one of the scripts in a frame of a fake web client. */
async function open(script, version = "8.0") {
  const context = await browser.newContext();
  const params = new URLSearchParams({
    tgWebAppData: "user=%7B%22id%22%3A42%7D",
    tgWebAppVersion: version,
    tgWebAppPlatform: "weba",
    tgWebAppThemeParams: JSON.stringify(THEME),
  });
  const client = `<iframe src="${PAGE}#${params}"></iframe><script>
    window.events = [];
    addEventListener("message", ({ data, source }) => {
      const { eventType, eventData } = JSON.parse(data);
      events.push([eventType, eventData ?? ""]);
      window.post = (eventType, eventData) => source.postMessage(JSON.stringify({ eventType, eventData }), "*");
      if (eventType === "web_app_request_phone") post("phone_requested", { status: "sent" });
      if (eventType === "web_app_invoke_custom_method") {
        post("custom_method_invoked", { req_id: eventData.req_id, result: "contact=x&hash=00" });
      }
    });
  </script>`;
  await context.route(`${CLIENT}**`, (route) => route.fulfill({ contentType: "text/html", body: client }));
  await context.route(`${PAGE}**`, (route) =>
    route.fulfill({ contentType: "text/html", body: `<!doctype html><head></head><script>${scripts[script]}</script>` }),
  );
  const page = await context.newPage();
  await page.goto(CLIENT);
  const frame = page.frames().find((frame) => frame.url().startsWith(PAGE));
  return { page, frame };
}

/** Runs the same steps with both scripts, and returns the events of each. */
async function events(own, official, version) {
  const results = [];
  for (const [script, steps] of [["own", own], ["official", official]]) {
    const { page, frame } = await open(script, version);
    // Messages between the two windows arrive in order, but at any time.
    await frame.evaluate(() => {
      window.received = 0;
      addEventListener("message", () => window.received++);
    });
    let posted = 0;
    for (const step of steps) {
      if (Array.isArray(step)) {
        await page.evaluate(([type, data]) => window.post(type, data), step);
        await frame.waitForFunction((count) => window.received >= count, ++posted);
      } else await frame.evaluate(step);
    }
    await frame.evaluate(() => parent.postMessage(JSON.stringify({ eventType: "end_of_test" }), "*"));
    await page.waitForFunction(() => window.events.some(([type]) => type === "end_of_test"));
    const sent = (await page.evaluate(() => window.events)).filter(([type]) => type !== "end_of_test");
    // The ids of calls are random.
    for (const [, data] of sent) if (data?.req_id) data.req_id = "id";
    // The official script also sets the colours of the client's own bars, and has a second button.
    results.push(sent.filter(([type]) => !/^web_app_(set_\w+_color|setup_secondary_button)$/.test(type)));
    await page.context().close();
  }
  return results;
}

const cases = {
  start_ready_and_expand: [
    ["bridge.ready()", "bridge.expand()", "bridge.close()"],
    ["Telegram.WebApp.ready()", "Telegram.WebApp.expand()", "Telegram.WebApp.close()"],
  ],
  main_button_and_theme: [
    [
      "bridge.setMainButton({ text: 'Sign in', isActive: false, isProgressVisible: false })",
      "bridge.setMainButton({ text: 'Sign in', isActive: true, isProgressVisible: false })",
      "bridge.setMainButton({ text: 'Sign in', isActive: true, isProgressVisible: true })",
      ["theme_changed", { theme_params: OTHER_THEME }],
      "bridge.setMainButton(null)",
    ],
    [
      "Telegram.WebApp.MainButton.setParams({ text: 'Sign in', is_visible: true, is_active: false })",
      "Telegram.WebApp.MainButton.enable()",
      "Telegram.WebApp.MainButton.showProgress(true)",
      ["theme_changed", { theme_params: OTHER_THEME }],
      "Telegram.WebApp.MainButton.hide()",
    ],
  ],
  back_button: [
    ["bridge.setBackButton(true)", "bridge.setBackButton(true)", "bridge.setBackButton(false)"],
    ["Telegram.WebApp.BackButton.show()", "Telegram.WebApp.BackButton.show()", "Telegram.WebApp.BackButton.hide()"],
  ],
  closing_confirmation_and_haptics: [
    ["bridge.setClosingConfirmation(true)", "bridge.haptic('error')", "bridge.setClosingConfirmation(false)"],
    [
      "Telegram.WebApp.enableClosingConfirmation()",
      "void Telegram.WebApp.HapticFeedback.notificationOccurred('error')",
      "Telegram.WebApp.disableClosingConfirmation()",
    ],
  ],
  viewport_and_safe_areas: [
    [
      ["viewport_changed", { height: 500, is_state_stable: true, is_expanded: true }],
      ["safe_area_changed", { top: 10, bottom: 20, left: 0, right: 0 }],
      ["content_safe_area_changed", { top: 40, bottom: 0, left: 0, right: 0 }],
    ],
    [
      ["viewport_changed", { height: 500, is_state_stable: true, is_expanded: true }],
      ["safe_area_changed", { top: 10, bottom: 20, left: 0, right: 0 }],
      ["content_safe_area_changed", { top: 40, bottom: 0, left: 0, right: 0 }],
    ],
  ],
  request_contact: [
    ["bridge.requestContact()"],
    ["new Promise((resolve) => Telegram.WebApp.requestContact(resolve))"],
  ],
};

for (const [name, [own, official]] of Object.entries(cases)) {
  test(`events_equal_the_official_script_${name}`, async () => {
    const [ours, theirs] = await events(own, official);
    assert.ok(theirs.length > 0);
    assert.deepEqual(ours, theirs);
  });
}

test("old_client_receives_only_events_that_it_knows", async () => {
  const [own, official] = cases.closing_confirmation_and_haptics;
  const [ours, theirs] = await events(own, official, "6.0");
  assert.deepEqual(ours, theirs);
});

test("theme_safe_areas_and_contact_arrive", async () => {
  const { page, frame } = await open("own");
  await frame.evaluate(`window.seen = [];
    bridge.onTheme = (theme) => seen.push(theme.bg_color);
    bridge.onInsets = (kind, insets) => seen.push([kind, insets.top]);
    bridge.onBackButton = () => seen.push("back");`);
  for (const [type, data] of [
    ["theme_changed", { theme_params: OTHER_THEME }],
    ["safe_area_changed", { top: 10 }],
    ["content_safe_area_changed", { top: 40 }],
    ["back_button_pressed", null],
  ]) {
    await page.evaluate(([type, data]) => window.post(type, data), [type, data]);
  }
  await frame.waitForFunction("seen.length === 4");
  assert.deepEqual(await frame.evaluate("seen"), ["#ffffff", ["safe-area", 10], ["content-safe-area", 40], "back"]);
  assert.equal(await frame.evaluate("bridge.requestContact()"), "contact=x&hash=00");
  await page.context().close();
});
