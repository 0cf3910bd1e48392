// From the first start of a deployment to the first employee's sign-in in Telegram, without a command line.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openContext } from "./support/browser.mjs";
import { launchHash, signedInitData } from "./support/miniapp.mjs";
import { ADMIN } from "./support/panel.mjs";
import { startDeployment } from "./support/server.mjs";

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([launch(), startDeployment()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("first_administrator_of_a_deployment_needs_the_bootstrap_token", async () => {
  const context = await openContext(browser, server);
  const page = await context.newPage();
  await page.goto(server.panel);
  await page.getByRole("heading", { name: "Create the first administrator" }).waitFor();
  await page.getByLabel("Full name").fill(ADMIN.full_name);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
  await page.getByLabel("Bootstrap token").fill("a wrong token");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByText("The bootstrap token is missing or wrong.").waitFor();
  await page.getByLabel("Bootstrap token").fill(server.env.DIVAN_BOOTSTRAP_TOKEN);
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByText("1 user", { exact: true }).waitFor();
  await page.getByRole("link", { name: ADMIN.full_name }).waitFor();

  await page.getByRole("button", { name: "Create user" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Full name").fill("Нұрсұлтан Әбішұлы");
  await dialog.getByLabel("Phone number").fill("8 701 123 45 67");
  await dialog.getByRole("button", { name: "Create" }).click();
  const password = await dialog.locator("output").textContent();
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByText("2 users", { exact: true }).waitFor();

  const miniApp = await context.newPage();
  await miniApp.goto(`${server.miniapp}#${launchHash(await signedInitData(server, { id: 42, username: "first_last" }), { version: "" })}`);
  await miniApp.getByLabel("Phone number").fill("8 701 123 45 67");
  await miniApp.getByLabel("Password", { exact: true }).fill(password);
  await miniApp.keyboard.press("Enter");
  await miniApp.getByLabel("New password").fill("umbrella 77 river");
  await miniApp.getByRole("button", { name: "Save" }).click();
  await miniApp.getByText("Your password has been changed.").waitFor();
  await miniApp.reload();
  await miniApp.getByLabel("Phone number").fill("8 701 123 45 67");
  await miniApp.getByLabel("Password", { exact: true }).fill("umbrella 77 river");
  await miniApp.keyboard.press("Enter");
  await miniApp.getByRole("heading", { name: "Нұрсұлтан Әбішұлы" }).waitFor();
  await miniApp.reload();
  await miniApp.getByRole("heading", { name: "Нұрсұлтан Әбішұлы" }).waitFor();

  await page.getByRole("link", { name: "Нұрсұлтан Әбішұлы" }).click();
  await page.getByText("@first_last (42)").waitFor();
  context.assertClean();
  await context.close();
});

test("deployment_has_no_page_and_no_test_users_of_development_mode", async () => {
  const context = await openContext(browser, server);
  const page = await context.newPage();
  assert.equal((await page.goto(server.miniapp)).status(), 200);
  await page.locator("main h1:not(.loading)").waitFor();
  assert.equal(await page.getByRole("button", { name: "Sign in as a test Telegram user" }).count(), 0);
  const index = await page.request.get(server.index);
  assert.equal(index.status(), 404);
  await context.close();
});
