// The second factor of administrators: sign-in, set-up, recovery codes, reset.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openContext } from "./support/browser.mjs";
import { ADMIN, createUser, show, signInToPanel } from "./support/panel.mjs";
import { Authenticator, createAdministrator, createWithSecondFactor } from "./support/second_factor.mjs";
import { startServer } from "./support/server.mjs";
import { browser, server, token } from "./support/set_up.mjs";

const button = (page, name) => page.getByRole("button", { name, exact: true });
const heading = (page, name) => page.getByRole("heading", { name, exact: true });

async function withPage(run, at = server) {
  const context = await openContext(browser, at, { permissions: ["clipboard-read", "clipboard-write"] });
  await run(await context.newPage(), context);
  context.assertClean();
  await context.close();
}

/** Enters e-mail address and password, and waits for the question for a code. */
async function beginSignIn(page, administrator) {
  await signInToPanel(page, server, administrator, "input[autocomplete=one-time-code]");
}

async function enterCode(page, code) {
  await page.getByLabel("One-time code").fill(code);
  await page.keyboard.press("Enter");
}

/** Scans the key of the shown set-up. */
const scan = async (page) => new Authenticator(await page.locator(".key").textContent());

test("sign_in_asks_for_a_code_and_keeps_a_wrong_one", () => withPage(async (page) => {
  const administrator = await createWithSecondFactor(server, token, { email: "code@example.com" });
  await beginSignIn(page, administrator);
  const field = page.getByLabel("One-time code");
  assert.equal(await field.getAttribute("inputmode"), "numeric");
  assert.ok(await field.evaluate((input) => input === document.activeElement));
  assert.ok(await button(page, "Sign in").isDisabled());
  const wrong = await administrator.app.wrongCode();
  await enterCode(page, wrong);
  await page.getByText("The code is wrong or was used before.").waitFor();
  assert.equal(await field.inputValue(), wrong);
  const code = await administrator.app.code();
  await enterCode(page, ` ${code.slice(0, 3)} ${code.slice(3)}`);
  await heading(page, "Users").waitFor();
  await page.reload();
  await heading(page, "Users").waitFor();
}));

test("recovery_code_replaces_a_code_once", () => withPage(async (page) => {
  const administrator = await createWithSecondFactor(server, token, { email: "recovery@example.com" });
  const [code] = administrator.recoveryCodes;
  await beginSignIn(page, administrator);
  await button(page, "Use a recovery code").click();
  const field = page.getByLabel("Recovery code");
  assert.ok(await field.evaluate((input) => input === document.activeElement));
  await field.fill(code.toUpperCase().replaceAll("-", ""));
  await page.keyboard.press("Enter");
  await heading(page, "Users").waitFor();
  await show(page, "account");
  await page.locator("dl", { hasText: "Recovery codes left" }).getByText("9", { exact: true }).waitFor();
  await button(page, "Sign out").click();
  await beginSignIn(page, administrator);
  await button(page, "Use a recovery code").click();
  await field.fill(code);
  await page.keyboard.press("Enter");
  await page.getByText("The code is wrong or was used before.").waitFor();
  await button(page, "Use a code of the app").click();
  assert.equal(await page.getByText("The code is wrong").count(), 0);
}));

test("void_challenge_returns_to_the_form_with_the_email", () => withPage(async (page) => {
  const administrator = await createWithSecondFactor(server, token, { email: "void@example.com" });
  await beginSignIn(page, administrator);
  await server.call("sec", "POST", `/auth/admin/users/${administrator.id}/reset-password`, { token });
  await enterCode(page, await administrator.app.code());
  await page.getByText("Enter the password again.").waitFor();
  assert.equal(await page.getByLabel("E-mail").inputValue(), administrator.email);
  const password = page.getByLabel("Password", { exact: true });
  assert.equal(await password.inputValue(), "");
  assert.ok(await password.evaluate((input) => input === document.activeElement));
}));

test("cancelled_code_returns_to_the_form", () => withPage(async (page) => {
  const administrator = await createWithSecondFactor(server, token, { email: "cancel@example.com" });
  await beginSignIn(page, administrator);
  await button(page, "Cancel").click();
  assert.equal(await page.getByLabel("E-mail").inputValue(), administrator.email);
  assert.equal(await page.getByRole("alert").locator("p").count(), 0);
}));

test("sixth_wrong_code_returns_to_the_form", () => withPage(async (page) => {
  const administrator = await createWithSecondFactor(server, token, { email: "six@example.com" });
  await beginSignIn(page, administrator);
  const field = page.getByLabel("One-time code");
  while (await field.isVisible()) {
    const response = page.waitForResponse("**/auth/admin/login/second-factor");
    await enterCode(page, await administrator.app.wrongCode());
    await response;
    await page.locator("[type=submit][aria-busy=false]").waitFor();
  }
  await page.getByText("Enter the password again.").waitFor();
}));

test("throttled_code_counts_down", () => withPage(async (page) => {
  const administrator = await createWithSecondFactor(server, token, { email: "throttled@example.com" });
  await beginSignIn(page, administrator);
  const headers = { "Content-Type": "application/problem+json", "Retry-After": "29" };
  const body = JSON.stringify({ status: 429, code: "too_many_attempts" });
  await page.route("**/auth/admin/login/second-factor", (route) => route.fulfill({ status: 429, headers, body }), { times: 1 });
  await enterCode(page, await administrator.app.wrongCode());
  await page.getByText("Too many attempts. Try again in 0:2").waitFor();
  assert.ok(await button(page, "Sign in").isDisabled());
}));

test("administrator_sets_up_replaces_and_turns_off_an_app", () => withPage(async (page) => {
  const administrator = await createAdministrator(server, token, { email: "owner@example.com" });
  await signInToPanel(page, server, administrator);
  await show(page, "account");
  await page.locator(".devices li").nth(1).waitFor();
  await button(page, "Set up an app").click();
  const image = page.getByRole("img", { name: "QR code for the authenticator app" });
  await image.waitFor();
  assert.ok(await image.evaluate((image) => image.decode().then(() => image.naturalWidth > 20)));
  assert.match(await page.getByRole("link", { name: "Open the app on this device" }).getAttribute("href"), /^otpauth:\/\/totp\//);
  const app = await scan(page);
  const field = page.getByLabel("Code that the app shows now");
  await field.fill(await app.wrongCode());
  await button(page, "Turn on").click();
  await page.getByText("The code is wrong").waitFor();
  await field.fill(await app.code());
  await button(page, "Turn on").click();
  const first = await keepCodes(page);
  assert.equal(first.length, 10);
  // The session of the API has ended, this one has not.
  await page.locator(".devices li", { hasText: "this one" }).waitFor();
  await assert.rejects(server.call("sec", "GET", "/auth/sessions", { token: administrator.token }), /401/);
  await page.getByText("On", { exact: true }).waitFor();

  await button(page, "New recovery codes").click();
  await button(page.getByRole("dialog"), "New recovery codes").click();
  const second = await keepCodes(page);
  assert.equal(new Set([...first, ...second]).size, 20);

  await button(page, "Replace the app").click();
  await page.getByLabel("Code that the app shows now").fill(await (await scan(page)).code());
  await button(page, "Turn on").click();
  await keepCodes(page);

  await button(page, "Turn off").click();
  await button(page.getByRole("dialog"), "Turn off").click();
  await button(page, "Set up an app").waitFor();
  await button(page, "Sign out").click();
  await signInToPanel(page, server, administrator);
}));

/** Copies the shown recovery codes, and closes their dialog. */
async function keepCodes(page) {
  await heading(page, "Your recovery codes").waitFor();
  await button(page, "Copy").click();
  await button(page, "Copied").waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.deepEqual(copied.trim().split("\n"), await page.locator(".codes li").allTextContents());
  await button(page, "Done").click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  return copied.trim().split("\n");
}

test("recovery_codes_are_not_lost_by_accident", () => withPage(async (page) => {
  const administrator = await createWithSecondFactor(server, token, { email: "codes@example.com" });
  await beginSignIn(page, administrator);
  await enterCode(page, await administrator.app.code());
  await heading(page, "Users").waitFor();
  await show(page, "account");
  await button(page, "New recovery codes").click();
  await button(page.getByRole("dialog"), "New recovery codes").click();
  await page.locator(".codes").waitFor();
  const codes = await page.locator(".codes li").allTextContents();
  for (const leave of [() => page.keyboard.press("Escape"), () => button(page, "Done").click()]) {
    await leave();
    await page.getByText("They cannot be shown again.").waitFor();
    await button(page, "Back to the codes").click();
    assert.deepEqual(await page.locator(".codes li").allTextContents(), codes);
  }
  const asked = page.waitForEvent("dialog");
  await page.close({ runBeforeUnload: true });
  const dialog = await asked;
  assert.equal(dialog.type(), "beforeunload");
  await dialog.dismiss();
  // Another screen does not hide them.
  await show(page, "audit");
  const downloaded = page.waitForEvent("download");
  await button(page, "Download").click();
  const file = await downloaded;
  assert.equal(file.suggestedFilename(), "divan-recovery-codes.txt");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
}));

test("expired_set_up_shows_another_qr_code", () => withPage(async (page) => {
  const administrator = await createAdministrator(server, token, { email: "slow@example.com" });
  await signInToPanel(page, server, administrator);
  await show(page, "account");
  await button(page, "Set up an app").click();
  const app = await scan(page);
  const problem = JSON.stringify({ status: 404, code: "not_found" });
  await page.route("**/second-factor/confirm", (route) => route.fulfill({ status: 404, headers: { "Content-Type": "application/problem+json" }, body: problem }), { times: 1 });
  const before = await page.locator(".key").textContent();
  await page.getByLabel("Code that the app shows now").fill(await app.code());
  await button(page, "Turn on").click();
  await page.getByText("The set-up has expired.").waitFor();
  await page.waitForFunction((before) => document.querySelector(".key")?.textContent !== before, before);
  await page.getByLabel("Code that the app shows now").fill(await (await scan(page)).code());
  await button(page, "Turn on").click();
  await keepCodes(page);
}));

test("administrator_resets_the_second_factor_of_another_one", () => withPage(async (page) => {
  const administrator = await createWithSecondFactor(server, token, { email: "lost@example.com", full_name: "Lost Phone" });
  await signInToPanel(page, server);
  await show(page, `users/${administrator.id}`);
  await page.locator("section", { hasText: "Second factor" }).locator(".badge.good", { hasText: "On" }).waitFor();
  await button(page, "Reset second factor").click();
  await heading(page, "Reset the second factor of Lost Phone?").waitFor();
  await button(page.getByRole("dialog"), "Reset second factor").click();
  await page.locator("section", { hasText: "Second factor" }).locator(".badge", { hasText: "Off" }).waitFor();
  assert.equal(await button(page, "Reset second factor").count(), 0);
  await page.locator(".events b", { hasText: "Second factor reset" }).waitFor();
  await button(page, "Sign out").click();
  await signInToPanel(page, server, administrator);
  const { user } = await createUser(server, token, { full_name: "First Last", phone: "+77015551234" });
  await show(page, `users/${user.id}`);
  await heading(page, "First Last").waitFor();
  await button(page, "Reset password").waitFor();
  assert.equal(await heading(page, "Second factor").count(), 0);
}));

test("required_second_factor_is_set_up_before_anything_else", async () => {
  const required = await startServer({ DIVAN_ADMIN_SECOND_FACTOR: "required" });
  try {
    await withPage(async (page) => {
      await required.call("sec", "POST", "/auth/admin/bootstrap", { body: ADMIN });
      await signInToPanel(page, required, ADMIN, ".key");
      await heading(page, "Set up a second factor").waitFor();
      assert.equal(await page.getByRole("navigation").count(), 0);
      await page.reload();
      await show(page, "audit");
      await heading(page, "Set up a second factor").waitFor();
      await page.getByLabel("Code that the app shows now").fill(await (await scan(page)).code());
      await button(page, "Turn on").click();
      await keepCodes(page);
      await heading(page, "Audit log").waitFor();
      await show(page, "account");
      // Without a second factor, only the set-up of another one is left.
      await button(page, "Turn off").click();
      await button(page.getByRole("dialog"), "Turn off").click();
      await heading(page, "Set up a second factor").waitFor();
      assert.equal(await page.getByRole("navigation").count(), 0);
      await button(page, "Cancel").click();
      await heading(page, "Sign in").waitFor();
    }, required);
  } finally {
    await required.stop();
  }
});
