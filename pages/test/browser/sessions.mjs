// Sessions that end, tabs that share one, and a server that restarts while the pages are open.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openContext } from "./support/browser.mjs";
import { createLinked, launchHash, signedInitData } from "./support/miniapp.mjs";
import { adminToken, signInToPanel } from "./support/panel.mjs";
import { browser, server, token } from "./support/set_up.mjs";

async function withContext(run, options) {
  const context = await openContext(browser, server, options);
  await run(context);
  context.assertClean();
  await context.close();
}

/** Opens the Mini App with init data, outside Telegram's frame. */
async function openMiniApp(context, user) {
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(`${server.miniapp}#${launchHash(await signedInitData(server, user), { version: "" })}`);
  return page;
}

/** Repeats an action until a text is shown: a server notices the end of a session within a second. */
async function until(page, action, text) {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    await action();
    const isShown = await page.getByText(text).waitFor({ timeout: 300 }).then(() => true, () => false);
    if (isShown) return;
  }
  assert.fail(`not shown: ${text}`);
}

/** Passes the time in which a client does not refresh a new pair of tokens. */
const age = (page) => page.clock.fastForward(20_000);

const openDevices = (page) => async () => {
  const back = page.getByRole("button", { name: "Back" });
  const click = (button) => button.click({ timeout: 300 }).catch(() => {});
  if (await back.isVisible()) await click(back);
  const devices = page.getByRole("button", { name: "Devices" });
  if (await devices.isVisible()) await click(devices);
};

test("two_tabs_refresh_one_session_and_sign_out_together", () => withContext(async (context) => {
  const first = await context.newPage();
  await signInToPanel(first, server);
  // A tab that a page opens copies its `sessionStorage`, as a duplicated tab does.
  const opened = context.waitForEvent("page");
  await first.evaluate(() => void window.open(location.href));
  const second = await opened;
  await second.locator("a.row").first().waitFor();
  await Promise.all([first.reload(), second.reload()]);
  for (const page of [first, second]) await page.locator("a.row").first().waitFor();
  await first.getByRole("button", { name: "Sign out" }).click();
  for (const page of [first, second]) await page.getByRole("heading", { name: "Sign in" }).waitFor();
  const stored = await second.evaluate(() => Object.keys(sessionStorage));
  assert.deepEqual(stored, []);
}));

test("panel_asks_for_a_sign_in_when_the_session_was_ended", () => withContext(async (context) => {
  const page = await context.newPage();
  await page.clock.install();
  await signInToPanel(page, server);
  await age(page);
  const { items } = await server.call("sec", "GET", "/auth/sessions", { token });
  const [session] = items.filter(({ device, is_current }) => !is_current && device?.includes("Mozilla"));
  await server.call("sec", "DELETE", `/auth/sessions/${session.id}`, { token });
  const links = ["Account", "Audit log"];
  const open = () => page.getByRole("link", { name: links.reverse()[0] }).click({ timeout: 300 }).catch(() => {});
  await until(page, open, "Your session has ended. Sign in again.");
}));

test("a_message_opens_the_sessions_in_the_mini_app", () => withContext(async (context) => {
  await createLinked(server, token, { id: 205, phone: "+77011234605" });
  const launch = launchHash(await signedInitData(server, { id: 205 }), { version: "" });
  for (const separator of ["?", "&"]) {
    const page = await context.newPage();
    await page.goto(`${server.miniapp}#sessions${separator}${launch}`);
    await page.getByRole("heading", { name: "Devices" }).waitFor();
    await page.getByRole("button", { name: "Back" }).click();
    await page.getByRole("heading", { name: "First Last" }).waitFor();
    await page.close();
  }
}));

test("mini_app_asks_for_the_password_when_the_session_was_ended", () => withContext(async (context) => {
  const user = await createLinked(server, token, { id: 201, phone: "+77011234567" });
  const page = await openMiniApp(context, { id: 201 });
  await page.getByRole("heading", { name: "First Last" }).waitFor();
  await age(page);
  await server.call("sec", "DELETE", `/auth/admin/users/${user.id}/sessions`, { token });
  await until(page, openDevices(page), "Your session has ended. Sign in again.");
  await page.getByLabel("Phone number").fill("+77011234567");
  await page.getByLabel("Password", { exact: true }).fill(user.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "First Last" }).waitFor();
}));

test("deactivated_employee_is_signed_out", () => withContext(async (context) => {
  const user = await createLinked(server, token, { id: 202, phone: "+77011234568" });
  const page = await openMiniApp(context, { id: 202 });
  await page.getByRole("heading", { name: "First Last" }).waitFor();
  await age(page);
  await server.call("sec", "PATCH", `/auth/admin/users/${user.id}`, { token, body: { is_active: false } });
  await until(page, openDevices(page), "Your session has ended. Sign in again.");
}));

test("sign_in_form_survives_a_restart_of_the_server", () => withContext(async (context) => {
  const user = await createLinked(server, token, { id: 203, phone: "+77011234569" });
  const page = await openMiniApp(context, { id: 2030 });
  await page.getByLabel("Phone number").fill("8 701 123 45 69");
  await page.getByLabel("Password", { exact: true }).fill(user.password);
  await server.halt();
  await page.keyboard.press("Enter");
  await page.getByRole("alert").locator("p").waitFor();
  // The texts cannot be loaded now.
  await page.getByRole("button", { name: "Қазақша" }).click();
  assert.equal(await page.locator("input[type=tel]").inputValue(), "8 701 123 45 69");
  await server.start();
  await page.locator("input[type=password]").press("Enter");
  await page.getByRole("heading", { name: "Another Telegram account" }).waitFor();
}));

test("form_of_the_panel_survives_a_restart_of_the_server", () => withContext(async (context) => {
  const page = await context.newPage();
  await signInToPanel(page, server);
  await page.getByRole("button", { name: "Create user" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Full name").fill("Third Last");
  await dialog.getByLabel("Phone number").fill("+77011234570");
  await server.halt();
  await dialog.getByRole("button", { name: "Create" }).click();
  await dialog.getByRole("alert").locator("p").waitFor();
  assert.equal(await dialog.getByLabel("Full name").inputValue(), "Third Last");
  await server.start();
  await dialog.getByRole("button", { name: "Create" }).click();
  await dialog.locator("output").waitFor();
}));

test("offline_form_is_sent_when_the_connection_is_back", () => withContext(async (context) => {
  const user = await createLinked(server, token, { id: 204, phone: "+77011234571" });
  await server.call("sec", "DELETE", `/auth/admin/users/${user.id}/sessions`, { token });
  const page = await openMiniApp(context, { id: 204 });
  await page.getByLabel("Phone number").fill("+77011234571");
  await page.getByLabel("Password", { exact: true }).fill(user.password);
  await context.setOffline(true);
  await page.keyboard.press("Enter");
  await page.getByText("No connection to the internet.").waitFor();
  await context.setOffline(false);
  await page.getByRole("heading", { name: "First Last" }).waitFor();
}));

test("reset_password_asks_the_administrator_for_a_new_one", () => withContext(async (context) => {
  const body = { role: "admin", full_name: "Second Admin", email: "second@example.com" };
  const { generated_password } = await server.call("sec", "POST", "/auth/admin/users", { token, body });
  const page = await context.newPage();
  await signInToPanel(page, server, { email: body.email, password: generated_password }, "h1");
  await page.getByRole("heading", { name: "Choose your password" }).waitFor();
  await page.getByLabel("New password").fill("seven green lanterns");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Users" }).waitFor();
  assert.ok(await adminToken(server, { email: body.email, password: "seven green lanterns" }));
}));
