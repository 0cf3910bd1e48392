// Promotions that need the approval of another administrator.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openContext } from "./support/browser.mjs";
import { ADMIN, bootstrap, createUser, show, signInToPanel } from "./support/panel.mjs";
import { startServer } from "./support/server.mjs";

const SECOND = { email: "second@example.com", password: "seven green lanterns", full_name: "Second Administrator" };

let browser;
let server;
let token;
let ids = 100;

before(async () => {
  [browser, server] = await Promise.all([launch(), startServer({ DIVAN_ADMIN_APPROVAL: "on" })]);
  token = await bootstrap(server);
  const { generated_password } = JSON.parse(server.run("admin", "create", "--email", SECOND.email, "--name", SECOND.full_name, "--generate", "--json"));
  const body = { email: SECOND.email, password: generated_password };
  const { access_token } = await server.call("sec", "POST", "/auth/admin/login", { body });
  const change = { current_password: generated_password, new_password: SECOND.password };
  await server.call("sec", "POST", "/auth/me/password", { token: access_token, body: change });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const button = (page, name) => page.getByRole("button", { name, exact: true });
const heading = (page, name) => page.getByRole("heading", { name, exact: true });

async function withPanel(administrator, run) {
  const context = await openContext(browser, server);
  const page = await context.newPage();
  await signInToPanel(page, server, administrator);
  await run(page);
  context.assertClean();
  await context.close();
}

/** Creates an employee and asks for the promotion in the panel. */
async function requestPromotion(page, full_name) {
  const { user } = await createUser(server, token, { full_name, phone: `+77015558${++ids}` });
  await show(page, `users/${user.id}`);
  await button(page, "Make administrator").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("E-mail").fill(`promoted${ids}@example.com`);
  await button(dialog, "Make administrator").click();
  await page.getByRole("link", { name: "Waits for the approval of another administrator until" }).waitFor();
  return `promoted${ids}@example.com`;
}

const item = (page, name) => page.locator("section.card", { has: page.getByRole("heading", { name }) });

test("promotion_waits_until_another_administrator_approves_it", async () => {
  let email;
  await withPanel(ADMIN, async (page) => {
    await heading(page, "Users").waitFor();
    assert.equal(await page.getByRole("link", { name: "Approvals" }).count(), 0);
    email = await requestPromotion(page, "First Promoted");
    await page.getByRole("link", { name: "Approvals (1)" }).click();
    const own = item(page, "First Promoted");
    await own.getByText(email).waitFor();
    assert.equal(await own.getByRole("button").count(), 1);
    await own.getByText("Withdraw").waitFor();
  });
  await withPanel(SECOND, async (page) => {
    await page.getByRole("link", { name: "Approvals (1)" }).click();
    await item(page, "First Promoted").getByText("Approve").click();
    await heading(page, "Make First Promoted an administrator?").waitFor();
    await button(page.getByRole("dialog"), "Approve").click();
    const password = await page.locator("dialog output").textContent();
    await page.getByRole("dialog").getByText(email).waitFor();
    await button(page, "Close").click();
    await page.getByText("Nothing waits for an approval").waitFor();
    await button(page, "Sign out").click();
    await signInToPanel(page, server, { email, password }, "h1");
    await heading(page, "Choose your password").waitFor();
  });
});

test("promotion_is_declined_or_withdrawn", () => withPanel(ADMIN, async (page) => {
  await requestPromotion(page, "Second Promoted");
  await show(page, "approvals");
  await item(page, "Second Promoted").getByText("Withdraw").click();
  await button(page.getByRole("dialog"), "Withdraw").click();
  await page.getByText("Nothing waits for an approval").waitFor();
  await requestPromotion(page, "Third Promoted");
  await button(page, "Sign out").click();
  await signInToPanel(page, server, SECOND);
  await show(page, "approvals");
  await item(page, "Third Promoted").getByText("Decline").click();
  await heading(page, "Decline the promotion of Third Promoted?").waitFor();
  await button(page.getByRole("dialog"), "Decline").click();
  await page.getByText("Nothing waits for an approval").waitFor();
}));

test("administrator_cannot_be_created_without_an_approval", () => withPanel(ADMIN, async (page) => {
  await button(page, "Create user").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Role").selectOption("admin");
  await dialog.getByLabel("Full name").fill("New Administrator");
  await dialog.getByLabel("E-mail").fill("new@example.com");
  await button(dialog, "Create").click();
  await dialog.getByText("This needs an approval.").waitFor();
  assert.equal(await dialog.getByLabel("Full name").inputValue(), "New Administrator");
}));
