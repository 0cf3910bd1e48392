// Credentials of other services, against the real server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openContext } from "./support/browser.mjs";
import { ADMIN, createUser, show, signInToPanel } from "./support/panel.mjs";
import { hold, refuseOnce } from "./support/requests.mjs";
import { browser, server, token } from "./support/set_up.mjs";

const button = (page, name) => page.getByRole("button", { name, exact: true });
const heading = (page, name) => page.getByRole("heading", { name, exact: true });
const dialog = (page) => page.getByRole("dialog");
const SECRET = /^dvs_[0-9A-Za-z]{49}$/;

async function withPanel(run, options = {}) {
  const context = await openContext(browser, server, { permissions: ["clipboard-read", "clipboard-write"], ...options });
  const page = await context.newPage();
  await signInToPanel(page, server);
  await run(page, context);
  context.assertClean();
  await context.close();
}

const create = (name, scopes = ["users:read"]) =>
  server.call("sec", "POST", "/auth/admin/services", { token, body: { name, scopes } });

const get = (id) => server.call("sec", "GET", `/auth/admin/services/${id}`, { token });

const hintOf = (secret) => secret.slice(-4);

/** The last characters of the valid secrets. */
const validHints = async (id) => (await get(id)).secrets.map(({ hint }) => hint);

async function fillForm(page, name) {
  await button(page, "Create credential").click();
  await dialog(page).getByLabel("Name").fill(name);
  await dialog(page).getByLabel("users:read").check();
}

async function open(page, { service }) {
  await show(page, `services/${service.id}`);
  await heading(page, service.name).waitFor();
}

/** Reads the shown secret, and closes its dialog. */
async function takeSecret(page) {
  const secret = await page.locator("dialog output").textContent();
  assert.match(secret, SECRET);
  await button(page, "Close").click();
  await dialog(page).waitFor({ state: "detached" });
  return secret;
}

test("service_is_created_shown_changed_and_deleted", () => withPanel(async (page) => {
  await page.getByRole("link", { name: "Services" }).click();
  await button(page, "Create credential").click();
  assert.ok(await button(dialog(page), "Create").isDisabled());
  await dialog(page).getByLabel("Name").fill(" HR system ");
  await dialog(page).getByLabel("users:write").check();
  await dialog(page).getByLabel("users:read").check();
  await dialog(page).getByLabel("Allowed addresses").fill("127.0.0.0/8\nnowhere");
  await dialog(page).getByLabel("Last valid day").fill("2020-01-31");
  await button(dialog(page), "Create").click();
  await dialog(page).getByText("Enter at most 32 IP addresses or networks").waitFor();
  await dialog(page).getByText("Choose a date in the future.").waitFor();
  await dialog(page).getByLabel("Allowed addresses").fill("127.0.0.0/8, ::1");
  await dialog(page).getByLabel("Last valid day").fill("2099-01-31");
  await button(dialog(page), "Create").click();
  await heading(page, "Secret: HR system").waitFor();
  const id = (await page.locator("dialog .login").textContent()).replace("client_id ", "");
  const secret = await takeSecret(page);

  const row = page.locator("a.row", { hasText: "HR system" });
  for (const text of ["users:read, users:write", "127.0.0.0/8, ::1", `…${hintOf(secret)}`, "never", "01/02/2099"]) await row.getByText(text).waitFor();
  const stored = await get(id);
  assert.deepEqual(stored.scopes, ["users:read", "users:write"]);
  assert.equal(Date.parse(stored.expires_at), await page.evaluate(() => new Date(2099, 1, 1).getTime()));

  await row.click();
  await button(page, "Edit").click();
  assert.equal(await dialog(page).getByLabel("Last valid day").inputValue(), "2099-01-31");
  await dialog(page).getByLabel("Name").fill("Staff system");
  await dialog(page).getByLabel("users:write").uncheck();
  await dialog(page).getByLabel("Last valid day").fill("");
  const sent = page.waitForRequest((request) => request.method() === "PATCH");
  await button(dialog(page), "Save").click();
  assert.deepEqual((await sent).postDataJSON(), { name: "Staff system", scopes: ["users:read"], expires_at: null });
  await heading(page, "Staff system").waitFor();
  await page.locator("dl > div", { hasText: "Expires" }).getByText("never").waitFor();
  await page.locator("dd", { hasText: ADMIN.full_name }).waitFor();

  await button(page, "Delete").click();
  await heading(page, "Delete the credential Staff system?").waitFor();
  await button(dialog(page), "Delete").click();
  await page.getByText("No service credentials").waitFor();
  await assert.rejects(get(id), /not_found/);
}));

test("unchanged_form_sends_nothing", () => withPanel(async (page) => {
  await open(page, await create("Unchanged"));
  let isSent = false;
  page.on("request", (request) => (isSent ||= request.method() === "PATCH"));
  await button(page, "Edit").click();
  await button(dialog(page), "Save").click();
  await dialog(page).waitFor({ state: "detached" });
  assert.ok(!isSent);
}));

test("previous_secret_stays_valid_for_a_day_and_is_removed", () => withPanel(async (page) => {
  const created = await create("Rotated");
  const { id } = created.service;
  await open(page, created);
  assert.equal(await button(page, "Remove").count(), 0);
  await button(page, "Replace secret").click();
  await heading(page, "Replace the secret of Rotated?").waitFor();
  assert.ok(await dialog(page).getByLabel("Stays valid for 24 hours").isChecked());
  await button(dialog(page), "Replace secret").click();
  await heading(page, "Secret: Rotated").waitFor();
  const next = await takeSecret(page);
  assert.deepEqual(await validHints(id), [created.secret, next].map(hintOf));
  const lasts = Date.parse((await get(id)).secrets[0].expires_at) - Date.now();
  assert.ok(Math.abs(lasts - 86_400_000) < 60_000, `${lasts}`);

  await button(page, "Replace secret").click();
  await dialog(page).getByText("Two secrets are valid now. The older one becomes invalid at once.").waitFor();
  await button(dialog(page), "Cancel").click();

  const hint = `…${hintOf(created.secret)}`;
  await page.locator(".devices li", { hasText: hint }).getByText("valid until").waitFor();
  await button(page, `Remove the secret ${hint}`).click();
  await heading(page, `Remove the secret ${hint}?`).waitFor();
  await button(dialog(page), "Remove").click();
  await page.locator(".devices li", { hasText: hint }).waitFor({ state: "detached" });
  assert.deepEqual(await validHints(id), [hintOf(next)]);
}));

test("leaked_secret_ends_at_once", () => withPanel(async (page) => {
  const created = await create("Leaked");
  await open(page, created);
  await button(page, "Replace secret").click();
  await dialog(page).getByLabel("Becomes invalid at once").check();
  await button(dialog(page), "Replace secret").click();
  const next = await takeSecret(page);
  assert.deepEqual(await validHints(created.service.id), [hintOf(next)]);
}));

test("secret_is_not_closed_before_it_is_copied", () => withPanel(async (page) => {
  await show(page, "services");
  await fillForm(page, "Copied");
  await button(dialog(page), "Create").click();
  await heading(page, "Secret: Copied").waitFor();
  for (let i = 0; i < 3; i++) await page.keyboard.press("Escape");
  const secret = await page.locator("dialog output").textContent();
  const asked = page.waitForEvent("dialog");
  const reloaded = page.evaluate(() => location.reload());
  await (await asked).dismiss();
  await reloaded;
  assert.equal(await page.locator("dialog output").textContent(), secret);
  assert.equal(await button(page, "Print").count(), 0);
  await button(page, "Copy").click();
  await button(page, "Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
}));

for (const end of ["screen was left", "session has ended"]) {
  test(`secret_is_shown_after_the_${end.replaceAll(" ", "_")}`, () => withPanel(async (page) => {
    await show(page, "services");
    const { held, release } = await hold(page, "**/auth/admin/services");
    await fillForm(page, "Late");
    await button(dialog(page), "Create").click();
    await held;
    await page.keyboard.press("Escape");
    await dialog(page).waitFor();
    if (end === "screen was left") await show(page, "audit");
    else await page.locator(".bar .link").evaluate((signOut) => signOut.click());
    await heading(page, end === "screen was left" ? "Audit log" : "Sign in").waitFor({ state: "attached" });
    release({ status: 201, json: { secret: "dvs_late", service: { id: "1", name: "Late" } } });
    await page.getByText("dvs_late").waitFor();
    await page.keyboard.press("Escape");
    await button(page, "Close").click();
    await dialog(page).waitFor({ state: "detached" });
  }));
}

/** Writes by name: the refused request, what begins it, and what shows that it was done. */
const WRITES = {
  create: ["POST", "**/auth/admin/services", async (page) => {
    await show(page, "services");
    await fillForm(page, "Proved");
    await button(dialog(page), "Create").click();
  }, (page) => heading(page, "Secret: Proved").waitFor()],
  change: ["PATCH", "**/auth/admin/services/*", async (page) => {
    await open(page, await create("Changed"));
    await button(page, "Edit").click();
    await dialog(page).getByLabel("Name").fill("Changed name");
    await button(dialog(page), "Save").click();
  }, (page) => heading(page, "Changed name").waitFor()],
  rotate: ["POST", "**/auth/admin/services/*/secrets", async (page) => {
    await open(page, await create("Turned"));
    await button(page, "Replace secret").click();
    await button(dialog(page), "Replace secret").click();
  }, (page) => heading(page, "Secret: Turned").waitFor()],
  remove_secret: ["DELETE", "**/auth/admin/services/*/secrets/*", async (page) => {
    const created = await create("Two secrets");
    await server.call("sec", "POST", `/auth/admin/services/${created.service.id}/secrets`, { token, body: {} });
    await open(page, created);
    await page.getByRole("button", { name: "Remove the secret" }).first().click();
    await button(dialog(page), "Remove").click();
  }, (page) => page.locator(".devices li").nth(1).waitFor({ state: "detached" })],
  delete: ["DELETE", "**/auth/admin/services/*", async (page) => {
    await open(page, await create("Deleted"));
    await button(page, "Delete").click();
    await button(dialog(page), "Delete").click();
  }, (page) => heading(page, "Services").waitFor()],
};

for (const [name, [method, path, begin, shown]] of Object.entries(WRITES)) {
  test(`${name}_asks_for_a_proof_of_identity_and_continues`, () => withPanel(async (page) => {
    await refuseOnce(page, path, method, ["password"]);
    await begin(page);
    await page.getByRole("dialog", { name: "Confirm that it is you" }).getByLabel("Password", { exact: true }).fill(ADMIN.password);
    await page.keyboard.press("Enter");
    await shown(page);
  }));
}

test("audit_names_the_service_as_the_actor", () => withPanel(async (page) => {
  const { service } = await create("Audited HR", ["users:write"]);
  const { user } = await createUser(server, token, { full_name: "Hired Person", phone: "+77015559001" });
  // As if the service had created the user.
  await page.route("**/auth/admin/audit?*", async (route) => {
    const { pathname, search } = new URL(route.request().url());
    const json = await server.call("sec", "GET", pathname + search, { token });
    for (const event of json.items.filter(({ subject_id }) => subject_id === user.id)) {
      delete event.actor_id;
      Object.assign(event, { service_id: service.id, service_name: service.name });
    }
    await route.fulfill({ json });
  });
  await show(page, "audit");
  const event = (action, text) => page.locator(".events .row", { hasText: action }).filter({ hasText: text });
  await event("User created", "Hired Person").getByText("Audited HR → Hired Person").waitFor();
  await event("Service credential created", "Audited HR").getByText(`${ADMIN.full_name} → Audited HR`).waitFor();
  await show(page, `users/${user.id}`);
  await event("User created", "Audited HR").getByRole("link", { name: "Audited HR" }).click();
  await heading(page, "Audited HR").waitFor();

  server.run("service", "create", "--name", "From the terminal", "--scope", "introspect");
  await show(page, "audit");
  await event("Service credential created", "From the terminal").getByText("command line or system → From the terminal").waitFor();
}));

test("markup_is_shown_as_text", () => withPanel(async (page) => {
  const name = `<img src=x onerror="window.ran=1">`;
  const created = await create(name);
  await show(page, "services");
  await page.locator("a.row b", { hasText: name }).waitFor();
  await open(page, created);
  for (const action of ["Edit", "Replace secret", "Delete"]) {
    await button(page, action).click();
    await page.locator("dialog h2", { hasText: name }).waitFor();
    await page.keyboard.press("Escape");
  }
  await show(page, "audit");
  await page.locator(".events a", { hasText: name }).waitFor();
  assert.deepEqual(await page.evaluate(() => [window.ran, document.querySelectorAll("img").length]), [undefined, 0]);
}));

test("screen_that_does_not_load_can_be_tried_again", () => withPanel(async (page, context) => {
  await page.route("**/assets/admin-more.*", (route) => route.abort());
  await show(page, "services");
  await page.getByText("This screen could not be loaded.").waitFor();
  await page.unroute("**/assets/admin-more.*");
  await button(page, "Try again").click();
  await heading(page, "Services").waitFor();
  await button(page, "Create credential").waitFor();
  context.clear("Failed to load resource");
}));

test("service_is_managed_with_the_keyboard_alone", () => withPanel(async (page) => {
  const { keyboard } = page;
  const focused = () => page.evaluate(() => {
    const { activeElement: element } = document;
    return (element.labels?.[0] ?? element).textContent.trim();
  });
  const tabTo = async (text) => {
    for (let i = 0; i < 30; i++) {
      await keyboard.press("Tab");
      if ((await focused()).startsWith(text)) return;
    }
    assert.fail(`not reachable: ${text}`);
  };
  await show(page, "services");
  await button(page, "Create credential").waitFor();
  await tabTo("Create credential");
  await keyboard.press("Enter");
  await dialog(page).waitFor();
  assert.equal(await focused(), "Name");
  await keyboard.type("Keyboard");
  await tabTo("introspect");
  await keyboard.press("Space");
  await tabTo("Create");
  await keyboard.press("Enter");
  await page.locator("dialog output").waitFor();
  await tabTo("Close");
  await keyboard.press("Enter");
  await dialog(page).waitFor({ state: "detached" });
  await tabTo("Keyboard");
  await keyboard.press("Enter");
  await heading(page, "Keyboard").waitFor();
  await tabTo("Replace secret");
  await keyboard.press("Enter");
  await dialog(page).waitFor();
  await tabTo("Stays valid");
  await keyboard.press("ArrowDown");
  await keyboard.press("Enter");
  await heading(page, "Secret: Keyboard").waitFor();
  assert.equal((await server.call("sec", "GET", "/auth/admin/services", { token })).items.find(({ name }) => name === "Keyboard").secrets.length, 1);
}));

test("deleted_service_is_reported", () => withPanel(async (page) => {
  await createUser(server, token, { full_name: "First Last", phone: "+77015559002" });
  await show(page, "services/0199aa4b-6c15-7f2e-8d07-94b3c6e1a5f2");
  await page.getByText("This does not exist any more.").waitFor();
}));
