// Input that comes as soon as a screen is rendered, before the next frame.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openContext } from "./support/browser.mjs";
import { signInToPanel } from "./support/panel.mjs";
import { browser, server } from "./support/set_up.mjs";

function actOnce(selector, act) {
  const { requestAnimationFrame } = window;
  // Frames of a busy computer are late.
  window.requestAnimationFrame = (run) => setTimeout(() => requestAnimationFrame(run), 300);
  const observer = new MutationObserver(() => {
    const element = document.querySelector(selector);
    if (!element) return;
    observer.disconnect();
    act(element);
  });
  observer.observe(document, { childList: true, subtree: true });
}

/** Signs in to the panel, where `act` is called in the task that adds an element. */
async function withPanel(selector, act, run) {
  const context = await openContext(browser, server);
  const page = await context.newPage();
  await page.addInitScript(`(${actOnce})(${JSON.stringify(selector)}, ${act})`);
  await signInToPanel(page, server);
  await run(page);
  context.assertClean();
  await context.close();
}

test("link_is_followed_as_soon_as_it_is_shown", () => {
  const follow = () => void (location.hash = "#/account");
  return withPanel("nav", follow, (page) => page.locator("#change-password").waitFor());
});

test("key_of_the_search_works_as_soon_as_the_search_is_shown", () => {
  const press = () => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "/", bubbles: true }));
  return withPanel("#search", press, (page) => page.locator("#search:focus").waitFor());
});

test("dialog_has_the_focus_as_soon_as_it_is_shown", () => {
  const note = (dialog) => void (window.hasFocus = dialog.open && dialog.contains(document.activeElement));
  return withPanel("dialog", note, async (page) => {
    await page.getByRole("button", { name: "Create user" }).click();
    await page.getByRole("dialog").waitFor();
    assert.ok(await page.evaluate("hasFocus"));
  });
});
