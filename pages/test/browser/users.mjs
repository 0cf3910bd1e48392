// Users, audit events and devices in the panel: lists, filters, changes.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, openContext } from "./support/browser.mjs";
import { createLinked } from "./support/miniapp.mjs";
import { ADMIN, bootstrap, createUser, show, signInToPanel } from "./support/panel.mjs";
import { startServer } from "./support/server.mjs";

const COUNT = 120;
const HASH = "$2b$12$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2";
const users = {};

let browser;
let server;
let token;

before(async () => {
  [browser, server] = await Promise.all([launch(), startServer()]);
  token = await bootstrap(server);
  const lines = Array.from({ length: COUNT }, (_, i) => `Employee ${i},+7701600${1000 + i},${HASH}`);
  await writeFile(join(server.folder, "staff.csv"), `name,phone,hash\n${lines.join("\n")}\n`);
  server.run("import", "users", "staff.csv");
  const named = { full_name: "Нұрсұлтан ӘБІШҰЛЫ", phone: "+77017770001", email: "Nurs@Example.com", external_id: "T-77" };
  users.named = (await createUser(server, token, named)).user;
  const inactive = { full_name: "Straße İstanbul Ёлкин", phone: "+77017770002" };
  users.inactive = (await createUser(server, token, inactive)).user;
  await server.call("sec", "PATCH", `/auth/admin/users/${users.inactive.id}`, { token, body: { is_active: false } });
  users.linked = await createLinked(server, token, { id: 701, phone: "+77017770003", full_name: "Linked Last" });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function inPanel(run) {
  const context = await openContext(browser, server);
  const page = await context.newPage();
  await signInToPanel(page, server);
  await page.locator("a.row").first().waitFor();
  await run(page, context);
  context.assertClean();
  await context.close();
}

const waitForCount = (page, text) => page.locator(".count").getByText(text, { exact: true }).waitFor();

/** Waits until these users are listed, in this order. */
const waitForUsers = (page, users) =>
  page.waitForFunction((names) => {
    const shown = [...document.querySelectorAll("a.row b")].map((name) => name.textContent);
    return JSON.stringify(shown) === JSON.stringify(names);
  }, users.map(({ full_name }) => full_name));

test("pages_of_the_list_have_each_user_once_in_order", () => inPanel(async (page) => {
  await waitForCount(page, `${COUNT + 4} users`);
  const shown = () => page.locator("a.row").evaluateAll((rows) => rows.map((row) => row.getAttribute("href")));
  const more = page.getByRole("button", { name: "Show more" });
  await more.click();
  await page.locator("a.row").nth(99).waitFor();
  // A user who is created meanwhile moves no other one.
  const { user } = await createUser(server, token, { full_name: "Created Last", phone: "+77017770009" });
  await more.click();
  await page.locator("a.row").nth(COUNT + 3).waitFor();
  const all = await shown();
  // Ids begin with the time.
  assert.deepEqual(all, [...new Set(all)].sort().reverse());
  assert.equal(all.length, COUNT + 4);
  assert.equal(await more.count(), 0);
  await server.call("sec", "DELETE", `/auth/admin/users/${user.id}`, { token });
}));

test("search_ignores_case_in_each_alphabet", () => inPanel(async (page) => {
  const search = page.locator("#search");
  for (const [typed, user] of [
    ["нұрсұлтан", users.named],
    ["ӘБІШҰЛЫ", users.named],
    ["әбішұлы нұрс", users.named],
    ["nurs@EXAMPLE", users.named],
    ["8 701 777 00 01", users.named],
    ["ISTANBUL", users.inactive],
    ["ёлкин", users.inactive],
    ["linked", users.linked],
  ]) {
    await search.fill(typed);
    await waitForUsers(page, [user]);
    await waitForCount(page, "1 user");
    await search.fill("no such user");
    await page.getByText("No users match the search and the filters").waitFor();
  }
  // Characters with a meaning in patterns of SQL are text.
  for (const typed of ["%", "_", "Emp%", "'", "\\"]) {
    await search.fill(typed);
    await page.getByText("No users match the search and the filters").or(page.getByRole("alert")).first().waitFor();
  }
  await search.fill("employee 11");
  await waitForCount(page, "11 users");
  await page.getByLabel("State", { exact: true }).selectOption("no");
  await page.getByText("No users match the search and the filters").waitFor();
  await page.getByRole("button", { name: "Clear search and filters" }).click();
  await waitForCount(page, `${COUNT + 4} users`);
}));

test("filters_select_users_and_are_kept_in_the_address", () => inPanel(async (page) => {
  const select = (label, value) => page.getByLabel(label, { exact: true }).selectOption(value);
  for (const [label, value, expected] of [
    ["Role", "admin", [ADMIN]],
    ["State", "no", [users.inactive]],
    ["Telegram", "yes", [users.linked]],
    ["Last sign-in", "yes", [users.linked, ADMIN]],
  ]) {
    await select(label, value);
    await waitForCount(page, expected.length === 1 ? "1 user" : `${expected.length} users`);
    await waitForUsers(page, expected);
    await page.reload();
    await waitForCount(page, expected.length === 1 ? "1 user" : `${expected.length} users`);
    await waitForUsers(page, expected);
    await select(label, "");
  }
  await select("Last sign-in", "no");
  await select("State", "yes");
  await waitForCount(page, `${COUNT + 1} users`);
}));

test("edited_values_are_stored_and_can_be_removed", () => inPanel(async (page) => {
  await show(page, `users/${users.named.id}`);
  const edit = async (values) => {
    await page.getByRole("button", { name: "Edit" }).click();
    const dialog = page.getByRole("dialog");
    for (const [label, value] of Object.entries(values)) await dialog.getByLabel(label).fill(value);
    await dialog.getByRole("button", { name: "Save" }).click();
    return dialog;
  };
  const stored = () => server.call("sec", "GET", `/auth/admin/users/${users.named.id}`, { token });
  const fact = (label) => page.locator("dl > div", { hasText: label }).locator("dd");

  let dialog = await edit({ "External id": "t-77", Metadata: '{"отдел": "Логистика", "shift": 2}' });
  await dialog.waitFor({ state: "detached" });
  await fact("External id").getByText("t-77", { exact: true }).waitFor();
  assert.deepEqual((await stored()).external_id, "t-77");
  await page.locator("pre").getByText("Логистика").waitFor();

  // Removed values are absent, and others may have them.
  dialog = await edit({ "E-mail": "", "External id": "", Metadata: "" });
  await dialog.waitFor({ state: "detached" });
  await fact("External id").waitFor({ state: "detached" });
  const { email, external_id, phone } = await stored();
  assert.deepEqual([email, external_id, phone], [undefined, undefined, "+77017770001"]);
  const other = await createUser(server, token, { full_name: "Other Last", phone: "+77017770008", external_id: "t-77" });
  dialog = await edit({ "External id": "t-77" });
  await dialog.locator(".note.error, [role=alert] p").getByText("another user").first().waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await server.call("sec", "DELETE", `/auth/admin/users/${other.user.id}`, { token });

  // E-mail addresses are compared without case.
  const taken = await createUser(server, token, { full_name: "Other Last", phone: "+77017770007", email: "other@example.com" });
  dialog = await edit({ "E-mail": "OTHER@Example.com" });
  await dialog.locator(".note.error, [role=alert] p").getByText("another user").first().waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await server.call("sec", "DELETE", `/auth/admin/users/${taken.user.id}`, { token });
}));

test("audit_has_all_events_in_order_and_filters_by_user_action_and_day", () => inPanel(async (page) => {
  await show(page, `audit?user=${users.linked.id}`);
  const actions = page.locator(".events b");
  await actions.first().waitFor();
  const { items } = await server.call("sec", "GET", `/auth/admin/audit?user=${users.linked.id}&limit=50`, { token });
  assert.equal(await actions.count(), items.length);
  assert.equal(await actions.last().textContent(), "User created");
  const shown = await page.locator(".events time").evaluateAll((times) => times.map((time) => time.dateTime));
  assert.deepEqual(shown, items.map(({ at }) => at));

  await show(page, "audit");
  await page.getByLabel("What", { exact: true }).selectOption("user_created");
  await page.locator(".events .row").nth(50).waitFor();
  const more = page.getByRole("button", { name: "Show more" });
  while (await more.count()) {
    const before = await actions.count();
    await more.click();
    await page.waitForFunction((before) => document.querySelectorAll(".events b").length > before, before);
  }
  assert.deepEqual([...new Set(await actions.allTextContents())], ["User created"]);
  assert.ok((await actions.count()) >= COUNT + 3);

  const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
  await page.getByLabel("From date").fill(day(-1));
  await page.getByLabel("To date").fill(day(1));
  await page.locator(".events .row").nth(50).waitFor();
  await page.getByLabel("From date").fill(day(-3));
  await page.getByLabel("To date").fill(day(-2));
  await page.getByText("No events").waitFor();
}));

test("devices_and_sessions_are_listed_newest_first_and_end", () => inPanel(async (page, context) => {
  const body = { role: "admin", full_name: "Second Admin", email: "second@example.com" };
  const { user, generated_password } = await server.call("sec", "POST", "/auth/admin/users", { token, body });
  const own = { email: body.email, password: "seven green lanterns" };
  const first = await openContext(browser, server, { userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0" });
  const elsewhere = await first.newPage();
  await signInToPanel(elsewhere, server, { ...own, password: generated_password }, "h1");
  await elsewhere.getByLabel("New password").fill(own.password);
  await elsewhere.getByRole("button", { name: "Save" }).click();
  await elsewhere.getByRole("heading", { name: "Users" }).waitFor();

  const second = await openContext(browser, server);
  const here = await second.newPage();
  await signInToPanel(here, server, own);
  await show(here, "account");
  const lists = here.locator("section", { has: here.locator(".devices") });
  const sessions = lists.filter({ has: here.getByRole("heading", { name: "Sessions" }) }).locator("li");
  await sessions.nth(1).waitFor();
  assert.match(await sessions.first().textContent(), /this one/);
  assert.match(await sessions.nth(1).textContent(), /Firefox/);
  await sessions.nth(1).getByRole("button", { name: "End" }).click();
  await here.getByRole("dialog").getByRole("button", { name: "End" }).click();
  await sessions.nth(1).waitFor({ state: "detached" });

  const devices = lists.filter({ has: here.getByRole("heading", { name: "Known devices" }) }).locator("li");
  const count = await devices.count();
  assert.ok(count > 0);
  await devices.last().getByRole("button", { name: "Remove" }).click();
  await here.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await here.waitForFunction((count) => document.querySelectorAll(".devices").length && [...document.querySelectorAll(".devices")].at(-1).children.length < count, count);

  await show(page, `users/${user.id}`);
  await page.locator(".devices li").waitFor();
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByText("Not signed in on any device.").waitFor();
  second.assertClean();
  await Promise.all([first.close(), second.close()]);
}));
