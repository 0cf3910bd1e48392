// Markup in every field that an employee or an administrator controls is shown as text.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openContext } from "./support/browser.mjs";
import { launchHash, signedInitData } from "./support/miniapp.mjs";
import { bootstrap, createUser, show, signInToPanel } from "./support/panel.mjs";
import { startServer } from "./support/server.mjs";

const MARKUP = `<img src=x onerror="window.ran=1"><script>window.ran=1</script>"'&amp;`;
const AGENT = `${MARKUP}/1.0`;

let browser;
let server;
let token;
let user;

before(async () => {
  [browser, server] = await Promise.all([launch(), startServer()]);
  token = await bootstrap(server);
  const created = await createUser(server, token, { full_name: MARKUP, phone: "+77011234567", external_id: MARKUP });
  user = { ...created.user, password: created.generated_password };
  await server.call("sec", "PATCH", `/auth/admin/users/${user.id}`, { token, body: { metadata: { [MARKUP]: MARKUP } } });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The page shows the markup as text, and neither ran it nor has elements of it. */
async function assertIsText(page, selector, text = MARKUP) {
  await page.locator(selector).filter({ hasText: text }).first().waitFor();
  const found = await page.evaluate(() => [window.ran, document.querySelectorAll("img, #app script").length]);
  assert.deepEqual(found, [undefined, 0]);
}

test("mini_app_shows_the_name_the_username_and_the_device_as_text", async () => {
  const context = await openContext(browser, server, { userAgent: AGENT });
  const page = await context.newPage();
  const initData = await signedInitData(server, { id: 701, first_name: MARKUP, username: "user_701", language_code: MARKUP });
  await page.goto(`${server.miniapp}#${launchHash(initData, { version: "" })}`);
  await page.locator("input[type=tel]").fill("+77011234567");
  await page.locator("input[type=password]").fill(user.password);
  await page.keyboard.press("Enter");
  await page.locator("input[autocomplete=new-password]").fill("plum over the tram");
  await page.keyboard.press("Enter");
  await assertIsText(page, "h1");
  assert.equal(await page.title(), MARKUP);
  await page.getByRole("button", { name: "Devices" }).click();
  await assertIsText(page, ".device b", MARKUP.slice(0, 30));
  context.assertClean();
  await context.close();
});

test("panel_shows_every_field_as_text", async () => {
  const context = await openContext(browser, server, { userAgent: AGENT });
  const page = await context.newPage();
  await signInToPanel(page, server);
  await assertIsText(page, "a.row b");
  await page.goto(`${server.panel}#/users?q=${encodeURIComponent(MARKUP)}`);
  await page.reload();
  await page.locator("#search").waitFor();
  assert.equal(await page.locator("#search").inputValue(), MARKUP.slice(0, 100));
  await show(page, `users/${user.id}`);
  await assertIsText(page, "h1");
  await assertIsText(page, "dd");
  await assertIsText(page, "pre", "<img src=x");
  await assertIsText(page, ".devices b", MARKUP.slice(0, 30));
  for (const action of await page.locator(".actions button").all()) {
    await action.click();
    await assertIsText(page, "dialog h2");
    await page.keyboard.press("Escape");
  }
  await page.getByRole("button", { name: "Edit" }).click();
  await assertIsText(page, "dialog h2");
  await page.keyboard.press("Escape");
  await show(page, `audit?user=${user.id}`);
  await assertIsText(page, ".chip");
  await show(page, "audit");
  await page.getByPlaceholder("Name, phone").fill("+77011234567");
  await assertIsText(page, ".suggestions");
  await assertIsText(page, ".events a");
  context.assertClean();
  await context.close();
});

test("panel_shows_the_import_as_text", async () => {
  const context = await openContext(browser, server);
  const page = await context.newPage();
  await signInToPanel(page, server);
  await show(page, "import");
  const file = (content) => page.locator("input[type=file]").setInputFiles({ name: `${MARKUP.replaceAll("/", "")}.csv`, mimeType: "text/csv", buffer: Buffer.from(content) });
  await file(`name,phone\n"${MARKUP.replaceAll('"', '""')}",none\n`);
  await assertIsText(page, ".title .count", "<img src=x");
  await page.locator("table.list").waitFor();
  await file(`name,phone\n"${MARKUP.replaceAll('"', '""')}",+77011234568\n`);
  await assertIsText(page, "table.list td");
  context.assertClean();
  await context.close();
});

test("address_of_the_page_is_no_markup", async () => {
  const context = await openContext(browser, server);
  const page = await context.newPage();
  await page.goto(`${server.panel}#/${encodeURIComponent(MARKUP)}?q=${encodeURIComponent(MARKUP)}`);
  await page.locator("input[autocomplete=username]").waitFor();
  await page.goto(`${server.miniapp}#tgWebAppThemeParams=${encodeURIComponent(`{"bg_color":"${MARKUP.replaceAll('"', '\\"')}"}`)}&test_telegram_id=${encodeURIComponent(MARKUP)}`);
  await page.locator("input").waitFor();
  assert.equal(await page.evaluate(() => window.ran), undefined);
  context.assertClean();
  await context.close();
});
