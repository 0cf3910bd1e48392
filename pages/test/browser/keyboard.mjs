// The pages with the keyboard alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openContext } from "./support/browser.mjs";
import { createLinked, launchHash, signedInitData } from "./support/miniapp.mjs";
import { ADMIN, show } from "./support/panel.mjs";
import { refuseOnce } from "./support/requests.mjs";
import { Authenticator, createWithSecondFactor } from "./support/second_factor.mjs";
import { browser, server, token } from "./support/set_up.mjs";

/** What has the focus: its accessible name, roughly. */
const focused = (page) => page.evaluate(() => {
  const { activeElement: element } = document;
  return element.labels?.[0]?.textContent || element.getAttribute("aria-label") || element.textContent.trim();
});

async function waitForFocus(page, name) {
  const end = Date.now() + 5000;
  while ((await focused(page)) !== name && Date.now() < end) await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.equal(await focused(page), name);
}

/** Presses Tab until an element has the focus, and checks that the focus is visible. */
async function tabTo(page, text) {
  const seen = [];
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    const name = await focused(page);
    if (name.startsWith(text)) return assertVisible(page, text);
    seen.push(name.slice(0, 30));
  }
  assert.fail(`not reachable: ${text}; ${seen.join(" | ")}`);
}

async function assertVisible(page, text) {
  const isVisible = await page.evaluate(() => {
    const rings = [document.activeElement, document.activeElement.closest(".field")].filter(Boolean).map((element) => getComputedStyle(element));
    return rings.some(({ outlineStyle, boxShadow }) => outlineStyle !== "none" || boxShadow !== "none");
  });
  assert.ok(isVisible, `the focus is not visible: ${text}`);
}

test("administrator_works_with_the_keyboard_alone", async () => {
  const context = await openContext(browser, server);
  const page = await context.newPage();
  const { keyboard } = page;
  await page.goto(server.panel);
  await page.locator("input[autocomplete=username]").waitFor();
  await tabTo(page, "E-mail");
  await keyboard.type(ADMIN.email);
  await tabTo(page, "Password");
  await keyboard.type(ADMIN.password);
  await keyboard.press("Enter");
  await page.locator("a.row").first().waitFor();

  await tabTo(page, "Create user");
  await keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await tabTo(page, "Full name");
  await keyboard.type("Keyboard User");
  await tabTo(page, "Phone number");
  await keyboard.type("+77011234567");
  await keyboard.press("Enter");
  await page.locator("dialog output").waitFor();
  await tabTo(page, "Close");
  await keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await waitForFocus(page, "Create user");

  await keyboard.press("/");
  await waitForFocus(page, "Search");
  await keyboard.type("keyb/oard"); // In a field, the slash is a character.
  assert.equal(await page.locator("#search").inputValue(), "keyb/oard");
  await page.locator("#search").fill("Keyboard");
  await page.getByText("1 user", { exact: true }).waitFor();
  await tabTo(page, "Keyboard User");
  await keyboard.press("Enter");
  await page.getByRole("heading", { name: "Keyboard User" }).waitFor();

  await tabTo(page, "Deactivate");
  await keyboard.press("Enter");
  await page.getByRole("heading", { name: "Deactivate Keyboard User?" }).waitFor();
  await keyboard.press("Escape");
  await waitForFocus(page, "Deactivate");
  await keyboard.press("Enter");
  await tabTo(page, "Deactivate");
  await keyboard.press("Enter");
  await page.locator(".badge.bad").first().waitFor();
  context.assertClean();
  await context.close();
});

test("dialog_keeps_the_focus_and_skip_link_leads_to_the_content", async () => {
  const context = await openContext(browser, server);
  const page = await context.newPage();
  await page.goto(server.panel);
  await page.locator("input[autocomplete=username]").fill(ADMIN.email);
  await page.locator("input[autocomplete=current-password]").fill(ADMIN.password);
  await page.keyboard.press("Enter");
  await page.locator("a.row").first().waitFor();
  await page.getByRole("link", { name: "Users" }).focus();
  await page.keyboard.press("Shift+Tab");
  await waitForFocus(page, "Skip to content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await page.getByRole("button", { name: "Create user" }).press("Enter");
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press("Tab");
    const isInside = await page.evaluate(() => document.activeElement === document.body || !!document.activeElement.closest("dialog"));
    assert.ok(isInside, await focused(page));
  }
  context.assertClean();
  await context.close();
});

test("employee_works_with_the_keyboard_alone", async () => {
  const user = await createLinked(server, token, { id: 601, phone: "+77011234568" });
  await server.call("sec", "DELETE", `/auth/admin/users/${user.id}/sessions`, { token });
  const context = await openContext(browser, server, { viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  const { keyboard } = page;
  await page.goto(`${server.miniapp}#${launchHash(await signedInitData(server, { id: 601 }), { version: "" })}`);
  await page.locator("input[type=tel]").waitFor();
  await tabTo(page, "Phone number");
  await keyboard.type("+77011234568");
  await tabTo(page, "Password");
  await keyboard.type(user.password);
  await tabTo(page, "Show");
  await keyboard.press("Space");
  assert.equal(await page.locator("input[autocomplete=current-password]").getAttribute("type"), "text");
  await tabTo(page, "Sign in");
  await keyboard.press("Enter");
  await page.getByRole("heading", { name: "First Last" }).waitFor();
  await waitForFocus(page, "First Last");
  await tabTo(page, "Devices");
  await keyboard.press("Enter");
  await page.getByText("This device ·").waitFor();
  await page.locator(".back").focus();
  await keyboard.press("Enter");
  await tabTo(page, "Sign out");
  await keyboard.press("Enter");
  await page.getByText("You have signed out.").waitFor();
  await tabTo(page, "Қазақша");
  await keyboard.press("Enter");
  await page.getByRole("heading", { name: "Кіру" }).waitFor();
  await waitForFocus(page, "Қазақша");
  context.assertClean();
  await context.close();
});

test("administrator_uses_a_second_factor_with_the_keyboard_alone", async () => {
  const administrator = await createWithSecondFactor(server, token, { email: "keyboard@example.com" });
  const context = await openContext(browser, server);
  const page = await context.newPage();
  const { keyboard } = page;
  await page.goto(server.panel);
  await page.locator("input[autocomplete=username]").waitFor();
  await tabTo(page, "E-mail");
  await keyboard.type(administrator.email);
  await tabTo(page, "Password");
  await keyboard.type(administrator.password);
  await keyboard.press("Enter");
  await waitForFocus(page, "One-time code");
  await tabTo(page, "Use a recovery code");
  await keyboard.press("Enter");
  await waitForFocus(page, "Recovery code");
  await tabTo(page, "Use a code of the app");
  await keyboard.press("Enter");
  await waitForFocus(page, "One-time code");
  await keyboard.type(await administrator.app.code());
  await keyboard.press("Enter");
  await page.locator("a.row").first().waitFor();

  await show(page, "account");
  await page.locator(".devices li").nth(1).waitFor();
  await refuseOnce(page, "**/me/second-factor", "POST", ["code", "recovery_code"]);
  await tabTo(page, "Replace the app");
  await keyboard.press("Enter");
  await waitForFocus(page, "One-time code");
  await keyboard.press("Escape");
  await page.getByText("Nothing was changed:").waitFor();
  await tabTo(page, "Cancel");
  await keyboard.press("Enter");
  await waitForFocus(page, "Replace the app");
  await keyboard.press("Enter");
  await waitForFocus(page, "Code that the app shows now");
  const app = new Authenticator(await page.locator(".key").textContent());
  await keyboard.type(await app.code());
  await keyboard.press("Enter");
  await page.locator(".codes").waitFor();
  await keyboard.press("Escape");
  await tabTo(page, "Close without the codes");
  await keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  context.assertClean();
  await context.close();
});
