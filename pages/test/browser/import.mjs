// Import and export of users.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { launch, openContext } from "./support/browser.mjs";
import { signedInitData } from "./support/miniapp.mjs";
import { bootstrap, createUser, show, signInToPanel } from "./support/panel.mjs";
import { startServer } from "./support/server.mjs";

let browser;
let server;
let token;
let context;
let page;

before(async () => {
  [browser, server] = await Promise.all([launch(), startServer()]);
  token = await bootstrap(server);
  context = await openContext(browser, server, { permissions: ["clipboard-read", "clipboard-write"] });
  page = await context.newPage();
  await signInToPanel(page, server);
});
after(async () => {
  context?.assertClean();
  await browser?.close();
  await server?.stop();
});

async function openImport() {
  await show(page, "import");
  const another = page.getByRole("button", { name: "Import another file" });
  await another.or(page.locator(".drop")).waitFor();
  if (!(await another.isVisible())) return;
  await another.click();
  const discard = page.getByRole("button", { name: "Discard the passwords" });
  await discard.or(page.locator(".drop")).waitFor();
  if (await discard.isVisible()) await discard.click();
}

async function choose(content, name = "staff.csv") {
  await openImport();
  await page.locator("input[type=file]").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(content) });
}

const total = async () => (await server.call("sec", "POST", "/auth/admin/users/search", { token, body: { include_total: true } })).total;
const importAll = () => page.getByRole("button", { name: /^Import \d/ }).click();

test("errors_are_listed_by_line_and_nothing_is_imported", async () => {
  const before = await total();
  await choose("Аты-жөні;Телефон\nFirst Last;none\n;8 701 222 33 44\nThird Last;8 701 222 33 45\n");
  await page.getByRole("heading", { name: "2 errors" }).waitFor();
  const lines = await page.locator("table.list tbody tr td:first-child").allTextContents();
  assert.deepEqual(lines, ["2", "3"]);
  assert.equal(await page.getByRole("button", { name: /^Import \d/ }).count(), 0);
  await choose("name,fon\nFirst Last,8 701 222 33 44\n");
  await page.getByRole("heading", { name: "1 error", exact: true }).waitFor();
  await page.locator("table.list").getByText("fon").first().waitFor();
  assert.equal(await total(), before);
});

test("other_encodings_are_the_concern_of_the_server", async () => {
  const text = "ФИО\tТелефон\nНұрсұлтан Әбішұлы\t8 701 222 00 01\n";
  await choose(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]));
  await page.locator("table.list").getByText("Нұрсұлтан Әбішұлы").waitFor();
  await choose(Buffer.from([0xd4, 0xc8, 0xce, 0x0a, 0xc8, 0xe2, 0xe0, 0xed, 0x0a]));
  await page.locator("table.list").getByText("Windows-1251").waitFor();
});

test("new_users_get_passwords_that_can_be_copied_downloaded_and_used", async () => {
  await choose("name,phone\nFirst Import,8 701 222 10 01\nSecond Import,8 701 222 10 02\n");
  await page.locator(".facts").waitFor();
  assert.deepEqual(await page.locator(".facts dd").allTextContents(), ["2", "2", "0", "0"]);
  await importAll();
  await page.getByText("Imported: 2 users added, 0 changed, 0 unchanged.").waitFor();
  const [password] = await page.locator(".secret").allTextContents();
  await page.getByRole("button", { name: "Copy all" }).click();
  await page.getByText("Copied").waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied.split("\n")[0], `+77012221001\t\tFirst Import\t${password}`);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download CSV" }).click();
  const csv = await readFile(await (await download).path(), "utf8");
  assert.equal(csv.split("\r\n")[1], `"+77012221001","","First Import","${password}"`);
  const init_data = await signedInitData(server, { id: 801 });
  await server.call("divan", "POST", "/auth/telegram/login", { body: { phone: "+77012221001", password, init_data } });
});

test("changes_are_shown_before_they_are_made", async () => {
  const { user } = await createUser(server, token, { full_name: "Third Import", phone: "+77012221003", external_id: "T-3" });
  const content = "name;phone;active\nThird Q. Import;8 701 222 10 03;no\n";
  await choose(content);
  await page.getByRole("heading", { name: "1 error", exact: true }).waitFor();
  await page.getByLabel("Change existing users").check();
  await page.getByText("Third Import").first().waitFor();
  const change = page.locator("table.list tbody tr").first();
  await change.getByText("signed out everywhere").waitFor();
  assert.match(await change.textContent(), /Third Import → Third Q\. Import.*Active → Inactive/);
  await importAll();
  await page.getByText("Imported: 0 users added, 1 changed, 0 unchanged.").waitFor();
  const changed = await server.call("sec", "GET", `/auth/admin/users/${user.id}`, { token });
  assert.deepEqual([changed.full_name, changed.is_active], ["Third Q. Import", false]);
  await openImport();
  await page.getByLabel("Change existing users").uncheck();
});

test("import_continues_while_another_screen_is_shown", async () => {
  const users = Array.from({ length: 20 }, (_, i) => `User ${i},8 701 333 ${1000 + i}`);
  await choose(`name,phone\n${users.join("\n")}\n`);
  await importAll();
  await page.getByRole("link", { name: "Audit log" }).click();
  await page.getByRole("heading", { name: "Audit log" }).waitFor();
  await show(page, "import");
  await page.getByText("Imported: 20 users added").waitFor();
  assert.equal(await page.locator(".secret").count(), 20);
});

test("conflict_after_the_check_shows_the_line", async () => {
  const users = Array.from({ length: 20 }, (_, i) => `Conflict ${i},8 701 444 ${1000 + i}`);
  await choose(`name,phone\n${users.join("\n")}\n`);
  await importAll();
  await page.getByText(" of 20 passwords").waitFor();
  await createUser(server, token, { full_name: "Quicker Last", phone: "+77014441019" });
  await page.getByRole("heading", { name: "1 error", exact: true }).waitFor();
  const lines = await page.locator("table.list tbody tr td:first-child").allTextContents();
  assert.deepEqual(lines, ["21"]);
  assert.equal(await page.locator(".secret").count(), 0);
  const { items } = await server.call("sec", "POST", "/auth/admin/users/search", { token, body: { q: "conflict" } });
  assert.deepEqual(items, []);
});

test("lost_connection_after_the_passwords_keeps_them", async () => {
  await choose("name,phone\nFourth Import,8 701 222 10 04\n");
  const password = { line: 2, user_id: "1", full_name: "Fourth Import", phone: "+77012221004", password: "7k3m-x2q9-ab4t-p8dh", expires_at: "2026-12-02T09:30:00Z" };
  const body = `${JSON.stringify({ type: "passwords", passwords: [password] })}\n`;
  await page.route("**/users/import?*", (route) => route.fulfill({ contentType: "application/x-ndjson", body }), { times: 1 });
  await importAll();
  await page.getByText("The users may have been imported: check the list").waitFor();
  await page.getByText("7k3m-x2q9-ab4t-p8dh").waitFor();
});

test("lost_connection_before_the_passwords_imports_nothing", async () => {
  await choose("name,phone\nFourth Import,8 701 222 10 04\n");
  await page.route("**/users/import?*", (route) => route.abort(), { times: 1 });
  await importAll();
  await page.getByText("Nothing was imported. No connection to the server.").waitFor();
  await importAll();
  await page.getByText("Imported: 1 user added").waitFor();
});

test("file_can_be_dropped", async () => {
  await openImport();
  const transfer = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["name,phone\nDropped User,8 701 222 10 05\n"], "dropped.csv"));
    return transfer;
  });
  await page.locator(".drop").dispatchEvent("drop", { dataTransfer: transfer });
  await page.getByText("Dropped User").waitFor();
  await page.getByText("dropped.csv").waitFor();
});

test("large_file_is_refused_without_an_upload", async () => {
  await choose("x".repeat(5 * 1024 * 1024 + 1));
  await page.getByText("The file is larger than 5 MiB.").waitFor();
});

test("export_has_all_users", async () => {
  await createUser(server, token, { full_name: "=1+1", phone: "+77012229999" });
  await page.getByRole("link", { name: "Users" }).first().click();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export all" }).click();
  const csv = await readFile(await (await download).path(), "utf8");
  assert.equal(csv.trim().split(/\r?\n/).length, (await total()) + 1);
  assert.match(csv, /\+77012229999,,'=1\+1,/);
});
