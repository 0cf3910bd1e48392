// The screens of the pages, and how to get to each of them.
import { createLinked, launchHash, signedInitData } from "./miniapp.mjs";
import { ADMIN, adminToken, createUser, show, signInToPanel } from "./panel.mjs";
import { addAuthenticator } from "./passkeys.mjs";
import { refuseOnce } from "./requests.mjs";
import { Authenticator, createAdministrator, createWithSecondFactor } from "./second_factor.mjs";
import { FakeWebhooks } from "./webhooks.mjs";

/** As long as Kazakh names are. */
const LONG_NAME = "Атының Бірінші Бөлігі Тегінің-Ұзақ-Жазылуы";
const CSV = { name: "staff.csv", mimeType: "text/csv" };
const preview = { lines: 4, new_users: [], generated_passwords: 0, changes: [], unchanged: 0, errors: [] };

/** Adds users that make the lists full: long names, each state, markup. */
export async function fill(server, token, { count = 8 } = {}) {
  const names = [LONG_NAME, "First Last", "Аты Әкесініңаты Тегі", "Имя Фамилия", "<b>First</b> O'Last"];
  const user = (i) => ({ full_name: names[i % names.length], phone: `+7701555${1000 + i}`, external_id: `T-${i}` });
  const users = [];
  for (let i = 0; i < count; i++) users.push((await createUser(server, token, user(i))).user);
  const linked = await createLinked(server, token, { id: 500, phone: "+77015550500", full_name: LONG_NAME });
  const metadata = { department: "Логистика", shift: 2 };
  await server.call("sec", "PATCH", `/auth/admin/users/${linked.id}`, { token, body: { metadata } });
  await server.call("sec", "PATCH", `/auth/admin/users/${users[1].id}`, { token, body: { is_active: false } });
  return { linked, users };
}

/** Screens of the Mini App page, in an order in which each leads to the next. */
export async function miniAppScreens(server, { linked }) {
  const open = async (page, user, version = "") => {
    await page.goto("about:blank");
    await page.goto(`${server.miniapp}#${launchHash(await signedInitData(server, user), { version, theme: null })}`);
  };
  const back = (page) => page.locator(".back").click();
  return {
    outside: async (page) => {
      await page.goto(server.miniapp);
      await page.locator("input").waitFor();
    },
    sign_in: async (page) => {
      await open(page, { id: 501 });
      await page.locator("input[type=tel]").waitFor();
    },
    wrong_password: async (page) => {
      await page.locator("input[type=tel]").fill("8 701 555 05 00");
      await page.locator("input[type=password]").fill("wrong password");
      await page.keyboard.press("Enter");
      await page.locator("[role=alert] p").waitFor();
    },
    notice: async (page) => {
      await page.locator("input[type=password]").fill(linked.password);
      await page.keyboard.press("Enter");
      await page.locator("button.secondary").waitFor();
    },
    account: async (page) => {
      await open(page, { id: 500, username: "a_long_telegram_username" });
      await page.locator(".row.danger").waitFor();
    },
    devices: async (page) => {
      await page.locator("button.row").nth(1).click();
      await page.locator(".device").first().waitFor();
    },
    change_password: async (page) => {
      await back(page);
      await page.locator("button.row").first().click();
      await page.locator("input[autocomplete=new-password]").fill("short");
      await page.locator("input[autocomplete=current-password]").fill(linked.password);
      await page.keyboard.press("Enter");
      await page.locator(".note.error").waitFor();
    },
  };
}

/** Screens of the admin panel. */
export async function panelScreens(server, { linked }) {
  const escape = (page) => page.keyboard.press("Escape");
  const self = await server.call("sec", "GET", "/auth/me", { token: await adminToken(server) });
  const file = (page, content) => page.locator("input[type=file]").setInputFiles({ ...CSV, buffer: Buffer.from(content) });
  return {
    first_run: async (page) => {
      await page.route("**/auth/admin/bootstrap", (route) => route.fulfill({ json: { is_open: true, token_required: true } }), { times: 1 });
      await page.goto(server.panel);
      await page.locator("input[autocomplete=new-password]").waitFor();
    },
    panel_sign_in: async (page) => {
      await page.locator(".buttons .secondary").click();
      await page.locator("input[autocomplete=current-password]").fill("wrong password");
      await page.locator("input[autocomplete=username]").fill(ADMIN.email);
      await page.keyboard.press("Enter");
      await page.locator("[role=alert] p").waitFor();
    },
    users: async (page) => {
      await signInToPanel(page, server);
      await page.locator("a.row").nth(3).waitFor();
    },
    no_matches: async (page) => {
      await page.locator("#search").fill("nobody has this name");
      await page.locator(".empty button").waitFor();
    },
    create_user: async (page) => {
      await page.locator(".empty button").click();
      await page.locator("a.row").first().waitFor();
      await page.locator(".title .primary").click();
      await page.locator("dialog input").first().fill("New Employee");
      await page.locator("dialog input[type=tel]").fill(`+7701556${String(Date.now()).slice(-4)}`);
    },
    generated_password: async (page) => {
      await page.locator("dialog .primary").click();
      await page.locator("dialog output").waitFor();
    },
    user: async (page) => {
      await page.locator("dialog .secondary").last().click();
      await show(page, `users/${linked.id}`);
      await page.locator(".devices li").first().waitFor();
      await page.locator(".events .row").nth(2).waitFor();
    },
    edit_user: async (page) => {
      await page.locator(".padded .link").first().click();
      await page.locator("dialog textarea").waitFor();
    },
    confirm: async (page) => {
      await escape(page);
      await page.locator(".actions .danger").last().click();
      await page.locator("dialog .destructive").waitFor();
    },
    audit: async (page) => {
      await escape(page);
      await show(page, "audit");
      await page.locator(".events .row").nth(5).waitFor();
    },
    account_of_administrator: async (page) => {
      await show(page, "account");
      await page.locator(".devices li").nth(1).waitFor();
    },
    approvals: async (page) => {
      const promotion = (id, requested_by) => ({
        id, user: linked, email: "first.last@example.com", requested_by, requested_at: "2026-01-19T09:12:40Z", expires_at: "2026-01-20T09:12:40Z",
      });
      const items = [promotion("1", { ...self, id: "1", full_name: LONG_NAME }), promotion("2", self)];
      await page.route("**/auth/admin/promotions", (route) => route.fulfill({ json: { items } }));
      await show(page, "approvals");
      await page.locator("section.card .secondary").nth(1).waitFor();
    },
    confirm_approval: async (page) => {
      await page.locator("section.card .primary").click();
      await page.locator("dialog .primary").waitFor();
    },
    import: async (page) => {
      await escape(page);
      await show(page, "import");
      await page.locator(".drop").waitFor();
    },
    import_errors: async (page) => {
      await file(page, "name,phone\nFirst Last,none\nSecond Last,unknown\n");
      await page.locator("table.list tbody tr").nth(1).waitFor();
    },
    import_preview: async (page) => {
      const change = { line: 2, user_id: linked.id, full_name: LONG_NAME, ends_sessions: true, fields: [{ name: "is_active", before: true, after: false }] };
      const user = (line) => ({ line, full_name: LONG_NAME, phone: `+770155570${10 + line}`, email: null, role: "employee", has_password_hash: line === 3 });
      const json = { ...preview, changes: [change], new_users: [3, 4, 5].map(user), generated_passwords: 2, unchanged: 1 };
      await page.route("**/users/import/preview?*", (route) => route.fulfill({ json }), { times: 1 });
      await file(page, "name,phone\nThird Last,+77015557001\nFourth Last,+77015557002\n");
      await page.locator(".facts").waitFor();
    },
    import_passwords: async (page) => {
      const password = (line) => ({ line, user_id: `${line}`, full_name: LONG_NAME, phone: `+770155570${10 + line}`, email: null, password: "7k3m-x2q9-ab4t-p8dh", expires_at: "2026-12-02T09:30:00Z" });
      const events = [
        { type: "progress", done: 2, total: 2 },
        { type: "passwords", passwords: [4, 5].map(password) },
        { type: "completed", added: 3, changed: 1, unchanged: 1 },
      ];
      const body = events.map((event) => `${JSON.stringify(event)}\n`).join("");
      await page.route("**/users/import?*", (route) => route.fulfill({ contentType: "application/x-ndjson", body }), { times: 1 });
      await page.locator(".buttons .primary").click();
      await page.locator(".secret").first().waitFor();
    },
  };
}

/** Screens of the second factor, in the panel of an administrator who has one. */
export async function secondFactorScreens(server, token) {
  const administrator = await createWithSecondFactor(server, token, { email: "second.factor@example.com", full_name: LONG_NAME });
  const { app, recoveryCodes } = administrator;
  return {
    code: async (page) => {
      await signInToPanel(page, server, administrator, "input[autocomplete=one-time-code]");
      await page.locator("input[autocomplete=one-time-code]").fill(await app.wrongCode());
      await page.keyboard.press("Enter");
      await page.locator("[role=alert] p").waitFor();
    },
    recovery_code: async (page) => {
      await page.locator("form .link").click();
      await page.locator("input[autocomplete=off]").fill(recoveryCodes[0]);
    },
    own_second_factor: async (page) => {
      await page.keyboard.press("Enter");
      await page.locator("nav").waitFor();
      await show(page, "account");
      await page.locator("dl").waitFor();
      await page.locator(".devices li").nth(1).waitFor();
    },
    step_up: async (page) => {
      await refuseOnce(page, "**/me/second-factor", "POST", ["code", "recovery_code"]);
      await page.locator("#second-factor").locator("../..").locator(".buttons .secondary").nth(1).click();
      await page.locator("dialog input[autocomplete=one-time-code]").waitFor();
    },
    step_up_with_password: async (page) => {
      await page.keyboard.press("Escape");
      await page.locator("dialog .secondary").waitFor();
      await refuseOnce(page, "**/me/second-factor", "POST", ["password"]);
      await page.locator("dialog .secondary").click();
      await page.locator("dialog input[autocomplete=current-password]").waitFor();
    },
    enrol: async (page) => {
      await page.keyboard.press("Escape");
      await page.locator("dialog .secondary").click();
      await page.locator("dialog .qr").waitFor();
    },
    recovery_codes: async (page) => {
      const next = new Authenticator(await page.locator(".key").textContent());
      await page.locator("dialog input").fill(await next.code());
      await page.keyboard.press("Enter");
      await page.locator(".codes").waitFor();
    },
    unsaved_recovery_codes: async (page) => {
      await page.keyboard.press("Escape");
      await page.locator("dialog [role=alert]").waitFor();
    },
    administrator_with_second_factor: async (page) => {
      await page.locator("dialog .secondary").click();
      await page.locator(".bar .link").click();
      await signInToPanel(page, server);
      await show(page, `users/${administrator.id}`);
      await page.locator("#second-factor").waitFor();
      await page.locator(".events .row").nth(2).waitFor();
    },
  };
}

/** Screens of passkeys, in the panel of an administrator who has one. */
export async function passkeyScreens(server, token) {
  const administrator = await createAdministrator(server, token, { email: "passkey@example.com" });
  const add = (page) => page.locator("section", { has: page.locator("#passkeys") }).locator(".buttons button");
  return {
    add_passkey: async (page) => {
      await addAuthenticator(page);
      await signInToPanel(page, server, administrator);
      await show(page, "account");
      await add(page).click();
      await page.locator("dialog input").fill(LONG_NAME);
    },
    passkeys: async (page) => {
      await page.locator("dialog .primary").click();
      await page.locator(".codes").waitFor();
      await page.keyboard.press("Escape");
      await page.locator("dialog .secondary").click();
      await page.locator(".passkeys li").waitFor();
    },
    passkey_as_second_step: async (page) => {
      await page.locator(".bar .link").click();
      await signInToPanel(page, server, administrator, ".switches button");
    },
  };
}

/** Screens of service credentials. */
export async function serviceScreens(server, token) {
  const create = (body) => server.call("sec", "POST", "/auth/admin/services", { token, body });
  const allowed_addresses = ["192.0.2.0/24", "2001:db8:1234:5678:9abc:def0:1234:5678"];
  await create({ name: "Шлюз", scopes: ["introspect"], expires_at: "2099-01-31T00:00:00Z" });
  const { service } = await create({ name: "Кадр жүйесі", scopes: ["users:read", "users:write", "audit:read"], allowed_addresses });
  await server.call("sec", "POST", `/auth/admin/services/${service.id}/secrets`, { token, body: {} });
  await create({ name: LONG_NAME, scopes: ["events:read"] });
  return {
    services: async (page) => {
      await signInToPanel(page, server);
      await show(page, "services");
      await page.locator("a.row").nth(2).waitFor();
    },
    create_service: async (page) => {
      await page.locator(".title .primary").click();
      await page.locator("dialog input").first().fill("HR");
      await page.locator("dialog [type=checkbox]").nth(1).check();
      await page.locator("dialog textarea").fill("nowhere");
      await page.locator("dialog [type=date]").fill("2020-01-31");
      await page.locator("dialog .primary").click();
      await page.locator("dialog .note.error", { hasText: /./ }).nth(1).waitFor();
    },
    service: async (page) => {
      await page.keyboard.press("Escape");
      await show(page, `services/${service.id}`);
      await page.locator(".devices li").nth(1).waitFor();
    },
    remove_secret: async (page) => {
      await page.locator(".devices button").first().click();
      await page.locator("dialog .destructive").waitFor();
    },
    rotate_secret: async (page) => {
      await page.keyboard.press("Escape");
      await page.locator(".actions button").first().click();
      await page.locator("dialog [type=radio]").first().waitFor();
    },
    secret: async (page) => {
      const json = { service, secret: "dvs_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg0123456" };
      await page.route("**/secrets", (route) => route.fulfill({ status: 201, json }), { times: 1 });
      await page.locator("dialog .primary").click();
      await page.locator("dialog output").waitFor();
    },
    no_services: async (page) => {
      await page.locator("dialog .secondary").click();
      await page.route("**/auth/admin/services", (route) => route.fulfill({ json: { items: [] } }), { times: 1 });
      await show(page, "services");
      await page.locator(".empty").waitFor();
    },
  };
}

/** Screens of webhooks. */
export async function webhookScreens(server) {
  const webhooks = new FakeWebhooks();
  const at = "2026-01-21T04:00:12Z";
  const url = "https://hooks.example.com/a-long-path-of-a-receiver/divan";
  webhooks.add({ url, description: LONG_NAME, last_success_at: at });
  const failing = webhooks.add({ types: ["user.deactivated", "user.deleted"], failing_since: at, last_success_at: at, last_error: { at, reason: "status", status: 503 }, pending: 12 });
  webhooks.add({ state: "disabled", disabled_reason: "cursor_expired", disabled_at: at, last_error: { at, reason: "address_not_allowed" }, pending: 1200 });
  webhooks.add({ state: "disabled", disabled_reason: "administrator", disabled_at: at });
  const act = async (page, n) => {
    await page.locator(".actions button").nth(n).click();
    await page.locator("dialog .primary").waitFor();
  };
  return {
    webhooks: async (page) => {
      await webhooks.install(page);
      await signInToPanel(page, server);
      await show(page, "webhooks");
      await page.locator("a.row").nth(3).waitFor();
    },
    create_webhook: async (page) => {
      await page.locator(".title .primary").click();
      await page.locator("dialog input").first().fill("http://localhost");
      await page.locator("dialog .primary").click();
      await page.locator("dialog .note.error").waitFor();
    },
    webhook: async (page) => {
      await page.keyboard.press("Escape");
      await show(page, `webhooks/${failing.id}`);
      await page.locator("#deliveries").waitFor();
    },
    failed_test: async (page) => {
      webhooks.test = { delivered: false, reason: "tls", duration_ms: 1234 };
      await act(page, 0);
      await page.locator("dialog .primary").click();
      await page.locator("dialog p.error").waitFor();
    },
    replay: async (page) => {
      await page.keyboard.press("Escape");
      await act(page, 2);
    },
    webhook_secret: async (page) => {
      await page.keyboard.press("Escape");
      await act(page, 3);
      await page.locator("dialog .primary").click();
      await page.locator("dialog output").waitFor();
    },
    no_webhooks: async (page) => {
      await page.locator("dialog .secondary").click();
      webhooks.items = [];
      await show(page, "users");
      await show(page, "webhooks");
      await page.locator(".empty .note").waitFor();
    },
  };
}

/** The panel of an administrator who must set up a second factor, which the server requires. */
export const requiredSecondFactor = (server) => ({
  required_second_factor: async (page) => {
    await server.call("sec", "POST", "/auth/admin/bootstrap", { body: ADMIN });
    await signInToPanel(page, server, ADMIN, ".qr");
  },
});
