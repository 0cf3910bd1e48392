// Passwords that are shown once are not lost, repeated submits send one request, and the storage may fail.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openContext } from "./support/browser.mjs";
import { ADMIN, adminToken, createUser, show, signInToPanel } from "./support/panel.mjs";
import { hold } from "./support/requests.mjs";
import { browser, server, token } from "./support/set_up.mjs";

let phone = 77015550000;

async function withPanel(run) {
  const context = await openContext(browser, server);
  const page = await context.newPage();
  await signInToPanel(page, server);
  await run(page, context);
  context.assertClean();
  await context.close();
}

const nextPhone = () => `+${++phone}`;
const button = (page, name) => page.getByRole("button", { name, exact: true });

async function fillUser(page) {
  await button(page, "Create user").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Full name").fill("First Last");
  await dialog.getByLabel("Phone number").fill(nextPhone());
  return dialog;
}

async function importUser(page) {
  await show(page, "import");
  const buffer = Buffer.from(`name,phone\nImported User,${nextPhone()}\n`);
  await page.locator("input[type=file]").setInputFiles({ name: "staff.csv", mimeType: "text/csv", buffer });
  await button(page, "Import 1 user").click();
  await page.getByText("Imported: 1 user added").waitFor();
  return page.locator(".secret").textContent();
}

test("dialog_stays_until_the_generated_password_arrives", () => withPanel(async (page) => {
  const { held, release } = await hold(page, "**/auth/admin/users");
  const dialog = await fillUser(page);
  await button(dialog, "Create").click();
  await held;
  for (let i = 0; i < 3; i++) await page.keyboard.press("Escape");
  assert.ok(await dialog.isVisible());
  assert.ok(await button(dialog, "Cancel").isDisabled());
  release();
  await page.locator("dialog output").waitFor();
  // An Escape that was meant for the form must not close the password.
  for (let i = 0; i < 3; i++) await page.keyboard.press("Escape");
  assert.match(await page.locator("dialog output").textContent(), /^[a-z0-9-]{10,}$/);
  await button(dialog, "Create another").click();
  await dialog.getByLabel("Full name").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
}));

for (const end of ["screen was left", "session has ended"]) {
  test(`generated_password_is_shown_after_the_${end.replaceAll(" ", "_")}`, () => withPanel(async (page) => {
    const { user } = await createUser(server, token, { full_name: "Second Last", phone: nextPhone() });
    await show(page, `users/${user.id}`);
    const { held, release } = await hold(page, "**/reset-password");
    await button(page, "Reset password").click();
    await button(page.getByRole("dialog"), "Reset password").click();
    await held;
    if (end === "screen was left") await show(page, "audit");
    else await page.locator(".bar .link").evaluate((signOut) => signOut.click());
    await page.getByRole("heading", { name: end === "screen was left" ? "Audit log" : "Sign in" }).waitFor({ state: "attached" });
    release({ json: { generated_password: "7k3m-x2q9-ab4t-p8dh" } });
    await page.getByText("7k3m-x2q9-ab4t-p8dh").waitFor();
    await button(page, "Close").click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }));
}

test("sign_out_and_another_import_ask_before_passwords_are_discarded", () => withPanel(async (page) => {
  const password = await importUser(page);
  for (const name of ["Sign out", "Import another file"]) {
    await button(page, name).click();
    await page.getByRole("heading", { name: "Discard the passwords of the import?" }).waitFor();
    await button(page, "Cancel").click();
    assert.equal(await page.locator(".secret").textContent(), password);
  }
  await button(page, "Import another file").click();
  await button(page, "Discard the passwords").click();
  await page.locator(".drop").waitFor();
  await importUser(page);
  await button(page, "Sign out").click();
  await button(page, "Discard the passwords").click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.locator(".secret").count(), 0);
}));

test("saved_passwords_are_discarded_without_a_question", () => withPanel(async (page) => {
  await importUser(page);
  await button(page, "Download CSV").click();
  await button(page, "Sign out").click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.locator(".secret").count(), 0);
}));

test("passwords_stay_when_another_tab_ends_the_session", () => withPanel(async (page, context) => {
  const opened = context.waitForEvent("page");
  await page.evaluate(() => void window.open(location.href));
  const second = await opened;
  await second.locator("a.row").first().waitFor();
  const password = await importUser(page);
  await button(second, "Sign out").click();
  await page.getByText("Your session has ended. Sign in again.").waitFor();
  assert.equal(await page.locator(".secret").textContent(), password);
  // Also when another administrator signs in.
  const body = { role: "admin", full_name: "Second Admin", email: "second@example.com" };
  const { generated_password } = await server.call("sec", "POST", "/auth/admin/users", { token, body });
  await page.locator("input[autocomplete=username]").fill(body.email);
  await page.locator("input[autocomplete=current-password]").fill(generated_password);
  await page.keyboard.press("Enter");
  await page.getByLabel("New password").fill("seven green lanterns");
  await button(page, "Save").click();
  await page.getByRole("heading", { name: "Import users" }).waitFor();
  assert.equal(await page.locator(".secret").textContent(), password);
}));

test("repeated_submit_sends_one_request", () => withPanel(async (page) => {
  let count = 0;
  page.on("request", (request) => (count += request.method() === "POST" && new URL(request.url()).pathname === "/auth/admin/users"));
  const dialog = await fillUser(page);
  await dialog.locator("form").evaluate((form) => {
    for (let i = 0; i < 3; i++) form.requestSubmit();
  });
  await page.locator("dialog output").waitFor();
  assert.equal(count, 1);
}));

const STORAGES = {
  blocked: () => {
    for (const name of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, name, { get: () => { throw new DOMException("blocked", "SecurityError"); } });
    }
  },
  full: () => {
    Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };
  },
};

for (const [name, breakStorage] of Object.entries(STORAGES)) {
  test(`panel_works_with_a_${name}_storage`, async () => {
    const context = await openContext(browser, server);
    await context.addInitScript(breakStorage);
    const page = await context.newPage();
    await signInToPanel(page, server, ADMIN);
    await page.locator("a.row").first().waitFor();
    await page.locator("#language").selectOption("ru");
    await page.getByRole("heading", { name: "Пользователи" }).waitFor();
    await button(page, "Выйти").click();
    await page.locator("input[autocomplete=username]").waitFor();
    context.assertClean();
    await context.close();
    assert.ok(await adminToken(server));
  });
}
