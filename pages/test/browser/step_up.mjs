// Operations that need a recent proof of identity. The server refuses after five minutes: most tests
// replace that refusal, and what follows is real.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openContext } from "./support/browser.mjs";
import { createLinked } from "./support/miniapp.mjs";
import { ADMIN, createUser, show, signInToPanel } from "./support/panel.mjs";
import { refuseOnce } from "./support/requests.mjs";
import { Authenticator, createAdministrator } from "./support/second_factor.mjs";
import { browser, server, token } from "./support/set_up.mjs";

const TITLE = "Confirm that it is you";
let ids = 700;

const button = (page, name) => page.getByRole("button", { name, exact: true });
const question = (page) => page.getByRole("dialog", { name: TITLE });
const nextPhone = () => `+77015557${++ids}`;

async function withPanel(run, administrator = ADMIN) {
  const context = await openContext(browser, server);
  const page = await context.newPage();
  await signInToPanel(page, server, administrator);
  await run(page, context);
  context.assertClean();
  await context.close();
}

async function prove(page, password = ADMIN.password) {
  await question(page).getByLabel("Password", { exact: true }).fill(password);
  await page.keyboard.press("Enter");
}

/** Confirms an action of the user's page, and waits for what it shows. */
async function act(page, user, name, fill = async () => {}) {
  await show(page, `users/${user.id}`);
  await button(page, name).click();
  await fill(page.getByRole("dialog"));
  await button(page.getByRole("dialog"), name).click();
}

async function newUser() {
  return (await createUser(server, token, { full_name: "First Last", phone: nextPhone() })).user;
}

const showsPassword = (page) => page.locator("dialog output").waitFor();

/** Operations by name: the refused request, what begins it, and what shows that it was done. */
const OPERATIONS = {
  reset_password: ["POST", "**/reset-password", async (page) => act(page, await newUser(), "Reset password"), showsPassword],
  unlink_telegram: ["POST", "**/unlink-telegram", async (page) => {
    const id = ++ids;
    await act(page, await createLinked(server, token, { id, phone: nextPhone() }), "Unlink Telegram");
  }, showsPassword],
  promote: ["POST", "**/promote", async (page) => {
    await act(page, await newUser(), "Make administrator", (dialog) => dialog.getByLabel("E-mail").fill(`promoted${++ids}@example.com`));
  }, showsPassword],
  create_administrator: ["POST", "**/auth/admin/users", async (page) => {
    await button(page, "Create user").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Role").selectOption("admin");
    await dialog.getByLabel("Full name").fill("New Administrator");
    await dialog.getByLabel("E-mail").fill(`created${++ids}@example.com`);
    await button(dialog, "Create").click();
  }, showsPassword],
  change_email: ["PATCH", "**/auth/admin/users/*", async (page) => {
    await show(page, `users/${(await newUser()).id}`);
    await button(page, "Edit").click();
    await page.getByRole("dialog").getByLabel("E-mail").fill("changed@example.com");
    await button(page.getByRole("dialog"), "Save").click();
  }, (page) => page.locator("dd", { hasText: "changed@example.com" }).waitFor()],
  import: ["POST", "**/users/import?*", async (page) => {
    await show(page, "import");
    const buffer = Buffer.from(`name,email,role\nImported Administrator,imported${++ids}@example.com,admin\n`);
    await page.locator("input[type=file]").setInputFiles({ name: "staff.csv", mimeType: "text/csv", buffer });
    await button(page, "Import 1 user").click();
  }, (page) => page.getByText("Imported: 1 user added").waitFor()],
  set_up_second_factor: ["POST", "**/me/second-factor", async (page) => {
    await show(page, "account");
    await button(page, "Set up an app").click();
  }, (page) => page.getByRole("img", { name: "QR code for the authenticator app" }).waitFor()],
};

for (const [name, [method, path, begin, shown]] of Object.entries(OPERATIONS)) {
  test(`${name}_asks_for_the_password_and_continues`, () => withPanel(async (page) => {
    await refuseOnce(page, path, method, ["password"]);
    await begin(page);
    await prove(page, "wrong password");
    await question(page).getByText("The password is wrong.").waitFor();
    await prove(page);
    await shown(page);
    assert.equal(await question(page).count(), 0);
  }));
}

test("cancelled_proof_keeps_what_was_typed", () => withPanel(async (page) => {
  await refuseOnce(page, "**/auth/admin/users", "POST", ["password"]);
  await OPERATIONS.create_administrator[2](page);
  await question(page).waitFor();
  await page.keyboard.press("Escape");
  await question(page).waitFor({ state: "detached" });
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Nothing was changed: this needs a confirmation that it is you.").waitFor();
  assert.equal(await dialog.getByLabel("Full name").inputValue(), "New Administrator");
  assert.ok(await dialog.evaluate((dialog) => dialog.contains(document.activeElement)));
  await button(dialog, "Create").click();
  await showsPassword(page);
}));

test("calls_at_the_same_time_ask_once", () => withPanel(async (page) => {
  const paths = ["**/auth/sessions", "**/auth/devices", "**/me/second-factor"];
  for (const path of paths) await refuseOnce(page, path, "GET", ["password"]);
  let proofs = 0;
  page.on("request", (request) => (proofs += request.url().endsWith("/step-up")));
  await show(page, "account");
  await question(page).waitFor();
  assert.equal(await question(page).count(), 1);
  await prove(page);
  await button(page, "Set up an app").waitFor();
  await page.locator(".devices li").nth(1).waitFor();
  assert.equal(proofs, 1);
}));

test("session_that_ends_closes_the_question", () => withPanel(async (page, context) => {
  const opened = context.waitForEvent("page");
  await page.evaluate(() => void window.open(location.href));
  const second = await opened;
  await second.locator("a.row").first().waitFor();
  await refuseOnce(page, "**/reset-password", "POST", ["password"]);
  await OPERATIONS.reset_password[2](page);
  await question(page).waitFor();
  await button(second, "Sign out").click();
  await page.getByText("Your session has ended. Sign in again.").waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
}));

test("tab_without_the_new_factor_asks_for_a_code", async () => {
  const administrator = await createAdministrator(server, token, { email: "tabs@example.com" });
  const user = await newUser();
  await withPanel(async (page, context) => {
    const opened = context.waitForEvent("page");
    await page.evaluate(() => void window.open(location.href));
    const second = await opened;
    await second.locator("a.row").first().waitFor();
    await show(second, "account");
    await button(second, "Set up an app").click();
    const app = new Authenticator(await second.locator(".key").textContent());
    await second.getByLabel("Code that the app shows now").fill(await app.code());
    await button(second, "Turn on").click();
    await second.locator(".codes").waitFor();
    // The server refuses the access token of the first tab: it was issued before.
    await act(page, user, "Reset password");
    const field = question(page).getByLabel("One-time code");
    await field.fill(await app.wrongCode());
    await page.keyboard.press("Enter");
    await question(page).getByText("The code is wrong").waitFor();
    await field.fill(await app.code());
    await page.keyboard.press("Enter");
    await showsPassword(page);
    // The proof is valid for five minutes.
    await button(page, "Close").click();
    await act(page, user, "Reset password");
    await showsPassword(page);
  }, administrator);
});
