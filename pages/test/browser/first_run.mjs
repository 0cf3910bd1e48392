// From the first start of the server to the first employee's sign-in, without a command line.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openContext } from "./support/browser.mjs";
import { ADMIN } from "./support/panel.mjs";
import { startServer } from "./support/server.mjs";

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), startServer()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("newcomer_clicks_from_the_index_page_to_the_first_employee", async () => {
  const context = await openContext(browser, server);
  const page = await context.newPage();
  await page.goto(server.index);
  await page.getByRole("link", { name: "Admin panel", exact: false }).first().click();
  await createAdministrator(page);
  const password = await createEmployee(page);
  await page.goto(server.index);
  await page.locator("#administrator.done").waitFor();
  await page.locator(".pages").getByRole("link", { name: "Mini App" }).click();
  await signInAsEmployee(page, password);
  assert.equal(await page.locator("h1").textContent(), "Нұрсұлтан Әбішұлы");
  context.assertClean();
  await context.close();
});

/** The panel opens the creation of the first administrator by itself. */
async function createAdministrator(page) {
  await page.getByRole("heading", { name: "Create the first administrator" }).waitFor();
  await page.getByLabel("Full name").fill(ADMIN.full_name);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByText("At least 15 characters.", { exact: true }).waitFor();
  await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { name: "Users" }).waitFor();
}

async function createEmployee(page) {
  await page.getByRole("button", { name: "Create user" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Full name").fill("Нұрсұлтан Әбішұлы");
  await dialog.getByLabel("Phone number").fill("8 701 123 45 67");
  await dialog.getByRole("button", { name: "Create" }).click();
  const password = await dialog.locator("output").textContent();
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByRole("link", { name: "Нұрсұлтан Әбішұлы" }).waitFor();
  return password;
}

async function signInAsEmployee(page, password) {
  await page.getByRole("button", { name: "Sign in as a test Telegram user" }).click();
  await page.getByLabel("Phone number").fill("8 701 123 45 67");
  await page.getByLabel("Password", { exact: true }).fill(` ${password}\n`);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByLabel("New password").fill("umbrella 77 river");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Your password has been changed.").waitFor();
}

test("index_page_links_to_swagger_ui_only_where_it_is_served", async () => {
  const without = await startServer({ DIVAN_DOCS: "off" });
  const context = await openContext(browser, without);
  const page = await context.newPage();
  await page.goto(without.index);
  await page.locator(".pages li").nth(2).waitFor({ state: "detached" });
  assert.deepEqual(await page.locator(".pages b").allTextContents(), ["Admin panel", "Mini App"]);
  context.assertClean();
  await context.close();
  await without.stop();
  const other = await openContext(browser, server);
  const checked = await other.newPage();
  await Promise.all([checked.waitForResponse("**/docs/"), checked.goto(server.index)]);
  await checked.getByRole("link", { name: "Swagger UI" }).click();
  await checked.waitForURL("**/docs/");
  await other.close();
});

test("next_sign_in_of_the_test_user_needs_no_password", async () => {
  const context = await openContext(browser, server, { viewport: { width: 360, height: 640 } });
  const page = await context.newPage();
  await page.goto(server.miniapp);
  await page.getByRole("button", { name: "Sign in as a test Telegram user" }).click();
  await page.getByLabel("Phone number").fill("8 701 123 45 67");
  await page.getByLabel("Password", { exact: true }).fill("umbrella 77 river");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Нұрсұлтан Әбішұлы" }).waitFor();
  await page.reload();
  assert.equal(await page.getByLabel("Telegram id").inputValue(), "42");
  await page.getByRole("button", { name: "Sign in as a test Telegram user" }).click();
  await page.getByRole("heading", { name: "Нұрсұлтан Әбішұлы" }).waitFor();
  await page.getByText("Development mode: test user 42").waitFor();
  context.assertClean();
  await context.close();
});
