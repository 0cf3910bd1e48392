// Webhooks in the panel. The calls are answered in place of the server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openContext } from "./support/browser.mjs";
import { ADMIN, show, signInToPanel } from "./support/panel.mjs";
import { hold, refuseOnce } from "./support/requests.mjs";
import { browser, server } from "./support/set_up.mjs";
import { FakeWebhooks, problem } from "./support/webhooks.mjs";

const button = (page, name) => page.getByRole("button", { name, exact: true });
const heading = (page, name) => page.getByRole("heading", { name, exact: true });
const dialog = (page) => page.getByRole("dialog");

async function withPanel(run) {
  const context = await openContext(browser, server);
  const page = await context.newPage();
  const webhooks = new FakeWebhooks();
  await webhooks.install(page);
  await signInToPanel(page, server);
  await run(page, webhooks);
  context.assertClean();
  await context.close();
}

async function open(page, { id }) {
  await show(page, `webhooks/${id}`);
  await heading(page, "hooks.example.com").waitFor();
}

/** Confirms an action of the webhook's page. */
async function act(page, name) {
  await button(page, name).click();
  await button(dialog(page), name).click();
}

async function fillForm(page) {
  await button(page, "Create webhook").click();
  await dialog(page).getByLabel("URL").fill("https://hooks.example.com/divan");
}

/** The value of a fact on the page of a webhook. */
const fact = (page, label, value) => page.locator("dl > div", { hasText: label }).getByText(value).waitFor();

for (const [name, response] of [["does_not_know_webhooks", problem(404, "not_found")], ["has_no_events", problem(503, "webhooks_not_configured")]]) {
  test(`screen_is_absent_if_the_server_${name}`, async () => {
    const context = await openContext(browser, server);
    const page = await context.newPage();
    await page.route("**/auth/admin/webhooks", (route) => route.fulfill(response));
    const answered = page.waitForResponse("**/auth/admin/webhooks");
    await signInToPanel(page, server);
    await (await answered).finished();
    await show(page, "webhooks");
    await page.getByText("There is no such page.").waitFor();
    assert.equal(await page.getByRole("link", { name: "Webhooks" }).count(), 0);
    context.assertClean();
    await context.close();
  });
}

test("webhook_is_created_changed_and_deleted", () => withPanel(async (page, webhooks) => {
  await page.getByRole("link", { name: "Webhooks" }).click();
  await page.getByText("No webhooks").waitFor();
  await button(page, "Create webhook").click();
  assert.ok(await button(dialog(page), "Create").isDisabled());
  await dialog(page).getByLabel("URL").fill("ftp://hooks.example.com");
  await button(dialog(page), "Create").click();
  await dialog(page).getByText("Enter an https address of a public host").waitFor();
  await dialog(page).getByLabel("URL").fill("https://hooks.example.com/divan");
  await dialog(page).getByLabel("Description").fill("HR system");
  for (const type of ["user.deleted", "user.deactivated"]) await dialog(page).getByLabel(type).check();
  await button(dialog(page), "Create").click();
  await heading(page, "Secret: HR system").waitFor();
  for (let i = 0; i < 3; i++) await page.keyboard.press("Escape");
  await page.locator("dialog output", { hasText: "whsec_" }).waitFor();
  await button(page, "Close").click();
  assert.deepEqual(webhooks.writes.at(-1), ["POST", { url: "https://hooks.example.com/divan", description: "HR system", types: ["user.deactivated", "user.deleted"] }]);

  await page.locator("a.row", { hasText: "HR system" }).click();
  await button(page, "Edit").click();
  assert.ok(await dialog(page).getByLabel("user.deleted").isChecked());
  await dialog(page).getByLabel("user.deleted").uncheck();
  await dialog(page).getByLabel("Description").fill("");
  await button(dialog(page), "Save").click();
  await page.locator("dd", { hasText: "user.deactivated" }).waitFor();
  assert.deepEqual(webhooks.writes.at(-1), ["PATCH", { description: null, types: ["user.deactivated"] }]);

  await act(page, "Delete");
  await page.getByText("No webhooks").waitFor();
}));

test("unchanged_form_sends_nothing", () => withPanel(async (page, webhooks) => {
  await open(page, webhooks.add());
  await button(page, "Edit").click();
  await button(dialog(page), "Save").click();
  await dialog(page).waitFor({ state: "detached" });
  assert.deepEqual(webhooks.writes, []);
}));

test("secret_is_shown_after_the_screen_was_left", () => withPanel(async (page, webhooks) => {
  await open(page, webhooks.add({ description: "HR system" }));
  const { held, release } = await hold(page, "**/secret");
  await act(page, "Replace secret");
  await held;
  await show(page, "audit");
  await heading(page, "Audit log").waitFor({ state: "attached" });
  release({ json: { webhook: webhooks.items[0], secret: "whsec_late" } });
  await heading(page, "Secret: HR system").waitFor();
  await page.getByText("whsec_late").waitFor();
}));

test("failures_are_counted_and_explained", () => withPanel(async (page, webhooks) => {
  const at = "2026-01-21T04:00:12Z";
  webhooks.add({ description: "Works", last_success_at: at, last_error: { at, reason: "timeout" } });
  webhooks.add({ description: "Fails", failing_since: at, last_error: { at, reason: "status", status: 503 }, pending: 7 });
  webhooks.add({ description: "Gone", state: "disabled", disabled_reason: "gone", disabled_at: at });
  webhooks.add({ description: "Off", state: "disabled", disabled_reason: "administrator", disabled_at: at });
  webhooks.add({ description: "Newer", state: "disabled", disabled_reason: "new_reason", disabled_at: at, last_error: { at, reason: "new_error" } });
  await show(page, "webhooks");
  await page.getByRole("link", { name: "Webhooks (3)" }).waitFor();
  const row = (name) => page.locator("a.row", { hasText: name });
  await row("Works").getByText("Enabled").waitFor();
  await row("Works").getByText("no response within 15 seconds").waitFor();
  await row("Fails").getByText("Failing", { exact: true }).waitFor();
  await row("Fails").getByText("status 503").waitFor();
  await row("Gone").getByText("the receiver responded with 410").waitFor();
  await row("Off").getByText("by an administrator").waitFor();
  await row("Newer").getByText("new_reason").waitFor();
  await row("Newer").getByText("new_error").waitFor();
  await row("Fails").click();
  await fact(page, "Waiting events", "7");
  await fact(page, "State", "Failing");
}));

test("list_is_loaded_again_when_it_is_shown_again", () => withPanel(async (page, webhooks) => {
  const webhook = webhooks.add();
  await open(page, webhook);
  webhook.failing_since = "2026-01-21T04:00:12Z";
  await page.locator(".breadcrumb a").click();
  await page.locator("a.row").getByText("Failing", { exact: true }).waitFor();
}));

test("webhook_is_disabled_and_enabled", () => withPanel(async (page, webhooks) => {
  await open(page, webhooks.add());
  await act(page, "Disable");
  await page.locator(".title .badge", { hasText: "Disabled" }).waitFor();
  await act(page, "Enable");
  await page.locator(".title .badge", { hasText: "Enabled" }).waitFor();
  assert.deepEqual(webhooks.writes, [["PATCH", { state: "disabled" }], ["PATCH", { state: "enabled" }]]);
}));

test("test_event_shows_status_reason_and_duration", () => withPanel(async (page, webhooks) => {
  await open(page, webhooks.add());
  const { held, release } = await hold(page, "**/test");
  await act(page, "Send a test event");
  await held;
  await dialog(page).getByText("Sending…").waitFor();
  await page.keyboard.press("Escape");
  assert.ok(await dialog(page).isVisible());
  release({ json: webhooks.test });
  await dialog(page).getByText("Delivered: status 204, 42 ms").waitFor();
  await page.unroute("**/test");
  webhooks.test = { delivered: false, reason: "timeout", duration_ms: 15000 };
  await button(dialog(page), "Send again").click();
  await dialog(page).getByText("Not delivered: no response within 15 seconds, 15000 ms").waitFor();
  webhooks.test = { delivered: false, reason: "status", status: 500, duration_ms: 3 };
  await button(dialog(page), "Send again").click();
  await dialog(page).getByText("Not delivered: status 500, 3 ms").waitFor();
  await button(dialog(page), "Close").click();
  await dialog(page).waitFor({ state: "detached" });
}));

test("events_are_delivered_again_from_the_start_of_a_day", () => withPanel(async (page, webhooks) => {
  await open(page, webhooks.add());
  await button(page, "Deliver again").click();
  await dialog(page).getByLabel("From").fill("");
  assert.ok(await button(dialog(page), "Deliver again").isDisabled());
  await dialog(page).getByLabel("From").fill("2026-01-20");
  await button(dialog(page), "Deliver again").click();
  await dialog(page).waitFor({ state: "detached" });
  const since = await page.evaluate(() => new Date(2026, 0, 20).toISOString());
  assert.deepEqual(webhooks.writes, [["POST replay", { since }]]);
}));

/** Writes by name: the refused request and what begins it. */
const WRITES = {
  create: ["POST", "**/auth/admin/webhooks", async (page) => {
    await show(page, "webhooks");
    await fillForm(page);
    await button(dialog(page), "Create").click();
  }],
  change: ["PATCH", "**/auth/admin/webhooks/*", (page) => act(page, "Disable")],
  rotate: ["POST", "**/auth/admin/webhooks/*/secret", (page) => act(page, "Replace secret")],
  test: ["POST", "**/auth/admin/webhooks/*/test", (page) => act(page, "Send a test event")],
  replay: ["POST", "**/auth/admin/webhooks/*/replay", (page) => act(page, "Deliver again")],
  delete: ["DELETE", "**/auth/admin/webhooks/*", (page) => act(page, "Delete")],
};

for (const [name, [method, path, begin]] of Object.entries(WRITES)) {
  test(`${name}_asks_for_a_proof_of_identity_and_continues`, () => withPanel(async (page, webhooks) => {
    await open(page, webhooks.add());
    await refuseOnce(page, path, method, ["password"]);
    await begin(page);
    await page.getByRole("dialog", { name: "Confirm that it is you" }).getByLabel("Password", { exact: true }).fill(ADMIN.password);
    const sent = page.waitForRequest((request) => request.method() === method && request.url().includes("/webhooks"));
    await page.keyboard.press("Enter");
    await sent;
    await page.getByRole("dialog", { name: "Confirm that it is you" }).waitFor({ state: "detached" });
    assert.equal(webhooks.writes.length, 1);
  }));
}

test("audit_names_the_webhook", () => withPanel(async (page, webhooks) => {
  const { id } = webhooks.add();
  const event = (event_id, action, members) => ({ id: event_id, at: "2026-01-21T04:00:12Z", action, ...members });
  const items = [
    event("2", "webhook_disabled", { webhook_id: "0199aa4b-6c15-7f2e-8d07-94b3c6e1a5f2" }),
    event("1", "webhook_created", { webhook_id: id, actor_id: "1", actor_name: "First Administrator" }),
  ];
  await page.route("**/auth/admin/audit?*", (route) => route.fulfill({ json: { items } }));
  await show(page, "audit");
  const row = (action) => page.locator(".events .row", { hasText: action });
  await row("Webhook created").getByText("First Administrator → hooks.example.com").waitFor();
  await row("Webhook disabled").getByText("command line or system → 0199aa4b-6c15-7f2e-8d07-94b3c6e1a5f2").waitFor();
  await row("Webhook created").getByRole("link", { name: "hooks.example.com" }).click();
  await heading(page, "hooks.example.com").waitFor();
}));

test("markup_is_shown_as_text", () => withPanel(async (page, webhooks) => {
  const description = `<img src=x onerror="window.ran=1">`;
  await open(page, webhooks.add({ description, types: [description] }));
  await page.locator("dd", { hasText: description }).first().waitFor();
  await button(page, "Edit").click();
  await dialog(page).getByLabel(description).waitFor();
  await page.keyboard.press("Escape");
  await show(page, "webhooks");
  await page.locator("a.row", { hasText: description }).waitFor();
  assert.deepEqual(await page.evaluate(() => [window.ran, document.querySelectorAll("img").length]), [undefined, 0]);
}));
