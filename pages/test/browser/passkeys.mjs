// Passkeys of administrators, with Chromium's virtual authenticator.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openContext } from "./support/browser.mjs";
import { ADMIN, show, signInToPanel } from "./support/panel.mjs";
import { addAuthenticator } from "./support/passkeys.mjs";
import { refuseOnce } from "./support/requests.mjs";
import { createAdministrator, createWithSecondFactor } from "./support/second_factor.mjs";
import { startServer } from "./support/server.mjs";
import { browser, server, token } from "./support/set_up.mjs";

const button = (page, name) => page.getByRole("button", { name, exact: true });
const heading = (page, name) => page.getByRole("heading", { name, exact: true });
const section = (page) => page.locator("section", { has: page.locator("#passkeys") });

async function withAuthenticator(run, at = server) {
  const context = await openContext(browser, at);
  const page = await context.newPage();
  await run(page, await addAuthenticator(page), context);
  context.assertClean();
  await context.close();
}

async function openAccount(page, administrator) {
  await signInToPanel(page, server, administrator);
  await show(page, "account");
  await page.locator(".devices li").nth(1).waitFor();
}

async function addPasskey(page, name) {
  await button(page, "Add a passkey").click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await button(page, "Create the passkey").click();
}

/** Closes the recovery codes, which appear with the first second factor. */
async function keepCodes(page) {
  await heading(page, "Your recovery codes").waitFor();
  assert.equal(await page.locator(".codes li").count(), 10);
  const downloaded = page.waitForEvent("download");
  await button(page, "Download").click();
  await downloaded;
  await button(page, "Done").click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

test("passkey_is_added_renamed_used_and_removed", () => withAuthenticator(async (page, authenticator) => {
  const administrator = await createAdministrator(server, token, { email: "passkey@example.com" });
  await openAccount(page, administrator);
  await addPasskey(page, "Work laptop");
  await keepCodes(page);
  await section(page).getByText("Work laptop").waitFor();
  assert.equal(await authenticator.count(), 1);
  await page.getByText("On", { exact: true }).waitFor();
  await button(page, "Rename Work laptop").click();
  await page.getByLabel("Name", { exact: true }).fill("Old laptop");
  await button(page.getByRole("dialog"), "Save").click();
  await section(page).getByText("Old laptop").waitFor();

  // Alone, without e-mail address and password.
  await button(page, "Sign out").click();
  await button(page, "Sign in with a passkey").click();
  await page.getByRole("navigation").waitFor();
  await show(page, "account");
  await section(page).getByText("Last used").waitFor();

  // After the password.
  await button(page, "Sign out").click();
  await signInToPanel(page, server, administrator, "text=Your browser asks for your passkey.");
  await button(page, "Use a passkey").click();
  await page.getByRole("navigation").waitFor();

  await show(page, "account");
  await button(page, "Remove Old laptop").click();
  await heading(page, "Remove the passkey Old laptop?").waitFor();
  await button(page.getByRole("dialog"), "Remove").click();
  await page.getByText("Off", { exact: true }).waitFor();
  await button(page, "Sign out").click();
  await button(page, "Sign in with a passkey").click();
  await page.getByText("This passkey was not accepted.").waitFor();
  await signInToPanel(page, server, administrator);
}));

test("passkey_proves_the_identity", () => withAuthenticator(async (page) => {
  const administrator = await createAdministrator(server, token, { email: "prove@example.com" });
  await openAccount(page, administrator);
  await addPasskey(page, "Laptop");
  await keepCodes(page);
  await refuseOnce(page, "**/second-factor/recovery-codes", "POST", ["passkey", "recovery_code"]);
  await button(page, "New recovery codes").click();
  await button(page.getByRole("dialog"), "New recovery codes").click();
  const question = page.getByRole("dialog", { name: "Confirm that it is you" });
  await button(question, "Use a recovery code").click();
  await button(question, "Use a passkey").first().click();
  await button(question, "Use a passkey").click();
  await keepCodes(page);
}));

test("second_step_has_passkey_code_and_recovery_code", () => withAuthenticator(async (page) => {
  const administrator = await createWithSecondFactor(server, token, { email: "both@example.com" });
  await signInToPanel(page, server, administrator, "input[autocomplete=one-time-code]");
  await page.getByLabel("One-time code").fill(await administrator.app.code());
  await page.keyboard.press("Enter");
  await heading(page, "Users").waitFor();
  await show(page, "account");
  await page.locator(".devices li").first().waitFor();
  await addPasskey(page, "Laptop");
  await section(page).locator("b", { hasText: "Laptop" }).waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  // It has recovery codes already.
  await button(page, "Sign out").click();
  await signInToPanel(page, server, administrator, "text=Your browser asks for your passkey.");
  await button(page, "Use a recovery code").waitFor();
  await button(page, "Use a code of the app").click();
  await page.getByLabel("One-time code").fill(await administrator.app.code());
  await page.keyboard.press("Enter");
  await page.getByRole("navigation").waitFor();
}));

test("unused_passkey_leaves_the_form", () => withAuthenticator(async (page, authenticator) => {
  const administrator = await createAdministrator(server, token, { email: "unused@example.com" });
  await openAccount(page, administrator);
  await authenticator.setVerified(false);
  await addPasskey(page, "Laptop");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("No passkey was used.").waitFor();
  assert.equal(await dialog.getByLabel("Name", { exact: true }).inputValue(), "Laptop");
  await authenticator.setVerified(true);
  await button(dialog, "Create the passkey").click();
  await keepCodes(page);
  await addPasskey(page, "Second");
  await dialog.getByText("This device already has a passkey for your account.").waitFor();
  await button(dialog, "Cancel").click();
  await button(page, "Sign out").click();
  await authenticator.clear();
  await button(page, "Sign in with a passkey").click();
  await page.getByText("No passkey was used.").waitFor();
}));

test("browser_without_passkeys_offers_none", () => withAuthenticator(async (page, _, context) => {
  await context.addInitScript(() => delete window.PublicKeyCredential);
  await signInToPanel(page, server);
  await show(page, "account");
  await heading(page, "Passkeys").waitFor();
  assert.equal(await button(page, "Add a passkey").count(), 0);
  await button(page, "Sign out").click();
  await heading(page, "Sign in").waitFor();
  assert.equal(await button(page, "Sign in with a passkey").count(), 0);
}));

test("browser_without_passkeys_completes_no_sign_in_with_one", () => withAuthenticator(async (page, _, context) => {
  await context.addInitScript(() => delete window.PublicKeyCredential);
  const problem = { status: 401, code: "second_factor_required", challenge: "dvc1.a", methods: ["passkey"], passkey: {} };
  await page.route("**/auth/admin/login", (route) =>
    route.fulfill({ status: 401, headers: { "Content-Type": "application/problem+json" }, body: JSON.stringify(problem) }));
  await signInToPanel(page, server, ADMIN, "text=This browser has no passkeys.");
  await button(page, "Cancel").click();
  await heading(page, "Sign in").waitFor();
}));

test("required_second_factor_can_be_a_passkey", async () => {
  const required = await startServer({ DIVAN_ADMIN_SECOND_FACTOR: "required" });
  try {
    await withAuthenticator(async (page) => {
      await required.call("sec", "POST", "/auth/admin/bootstrap", { body: ADMIN });
      await signInToPanel(page, required, ADMIN, ".key");
      await button(page, "Use a passkey instead of an app").click();
      await button(page, "Create the passkey").click();
      await keepCodes(page);
      await heading(page, "Users").waitFor();
      await button(page, "Sign out").click();
      await button(page, "Sign in with a passkey").click();
      await heading(page, "Users").waitFor();
    }, required);
  } finally {
    await required.stop();
  }
});

test("passkey_is_used_with_the_keyboard_alone", () => withAuthenticator(async (page) => {
  const administrator = await createAdministrator(server, token, { email: "keys@example.com" });
  await openAccount(page, administrator);
  const { keyboard } = page;
  await button(page, "Add a passkey").focus();
  await keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  assert.ok(await page.getByLabel("Name", { exact: true }).evaluate((input) => input === document.activeElement));
  await keyboard.press("Enter");
  await page.locator(".codes").waitFor();
  await keyboard.press("Escape");
  await keyboard.press("Tab");
  await keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await button(page, "Sign out").focus();
  await keyboard.press("Enter");
  await page.locator("input[autocomplete=username]").waitFor();
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  for (let i = 0; i < 8 && (await focused()) !== "Sign in with a passkey"; i++) await keyboard.press("Tab");
  assert.equal(await focused(), "Sign in with a passkey");
  await keyboard.press("Enter");
  await page.getByRole("navigation").waitFor();
}));
