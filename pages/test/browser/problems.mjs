// What the pages show for each problem code. The server is real where it can be brought to the
// problem within a second; other responses are replaced on their way.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LANGUAGES, setMiniAppLanguage } from "./support/axe.mjs";
import { launch, openContext } from "./support/browser.mjs";
import { createLinked, launchHash, signedContact, signedInitData, openInTelegram } from "./support/miniapp.mjs";
import { ADMIN, bootstrap, createUser, show, signInToPanel } from "./support/panel.mjs";
import { startServer } from "./support/server.mjs";
import { loadTexts } from "./support/texts.mjs";

const PASSWORD = "umbrella 77 river";

let browser;
let server;
let token;
let texts;
let context;
let ids = 300;

before(async () => {
  [browser, server, texts] = await Promise.all([launch(), startServer(), loadTexts()]);
  token = await bootstrap(server);
  context = await openContext(browser, server);
});
after(async () => {
  context?.assertClean();
  await browser?.close();
  await server?.stop();
});

const employee = () => {
  const id = ++ids;
  return { id, phone: `+77011230${id}` };
};

/** Opens the Mini App with init data and runs `check` in a page of its own. */
async function inMiniApp(initData, check, version = "") {
  const page = await context.newPage();
  await page.goto(`${server.miniapp}#${launchHash(initData, { version })}`);
  await check(page);
  await page.close();
}

async function signIn(page, phone, password) {
  await page.locator("input[type=tel]").fill(phone);
  await page.locator("input[type=password]").fill(password);
  await page.keyboard.press("Enter");
}

/** Responses that replace the next ones, by page and path. */
const queues = new WeakMap();

/** Makes the next request to a path fail with a problem. */
async function failNext(page, path, status, code, { retryAfter, errors } = {}) {
  const headers = { "Content-Type": "application/problem+json", ...(retryAfter && { "Retry-After": String(retryAfter) }) };
  const body = JSON.stringify({ type: `urn:divan:problem:${code}`, status, code, request_id: "0123456789abcdef", ...(errors && { errors }) });
  const failures = queues.get(page) ?? queues.set(page, new Map()).get(page);
  if (!failures.has(path)) {
    failures.set(path, []);
    // One route for all: Playwright removes one that is used up some time later.
    await page.route(`**/${path}`, (route) => {
      const failure = failures.get(path).shift();
      return failure ? route.fulfill(failure) : route.continue();
    });
  }
  failures.get(path).push({ status, headers, body });
}

/** Submits with Enter. A response with the text that is already shown is waited for, too. */
async function submit(input, path) {
  const response = input.page().waitForResponse(`**/${path}`);
  await input.press("Enter");
  await response;
}

test("mini_app_wrong_password", async () => {
  const user = employee();
  await createLinked(server, token, user);
  await inMiniApp(await signedInitData(server, { id: 9001 }), async (page) => {
    await signIn(page, user.phone, "wrong password");
    await page.getByText(texts.en.miniapp.problems.invalid_credentials).waitFor();
    await signIn(page, "12", "wrong password");
    await page.getByText("This is not a phone number. Example: +7").waitFor();
    assert.equal(await page.locator("input[type=tel]").getAttribute("aria-invalid"), "true");
  });
});

test("mini_app_account_mismatch_and_taken_account", async () => {
  const [first, second] = [employee(), employee()];
  await createLinked(server, token, first);
  await createLinked(server, token, second);
  for (const [id, user, code] of [[9002, first, "telegram_account_mismatch"], [first.id, second, "telegram_account_mismatch"]]) {
    await inMiniApp(await signedInitData(server, { id }), async (page) => {
      if (id === first.id) await page.getByRole("button", { name: "Sign out" }).click();
      await signIn(page, user.phone, PASSWORD);
      await page.getByRole("heading", { name: texts.en.more.notices[code].title }).waitFor();
      await page.getByRole("button", { name: "Try again" }).waitFor();
    });
  }
});

test("mini_app_telegram_account_of_another_employee", async () => {
  const linked = employee();
  await createLinked(server, token, linked);
  const { phone } = employee();
  const { generated_password } = await createUser(server, token, { full_name: "First Last", phone });
  await inMiniApp(await signedInitData(server, { id: linked.id }), async (page) => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await signIn(page, phone, generated_password);
    await page.getByRole("heading", { name: texts.en.more.notices.telegram_account_taken.title }).waitFor();
  });
});

test("mini_app_init_data_missing_expired_and_of_another_bot", async () => {
  const user = { id: 9003 };
  const other = "1234567890:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const cases = [
    ["", "init_data_missing"],
    [await signedInitData(server, user, { age: 25 * 3600 }), "init_data_expired"],
    [await signedInitData(server, user, { botToken: other }), "init_data_invalid"],
  ];
  for (const [initData, code] of cases) {
    const { page, frame, events } = await openInTelegram(context, server, initData);
    const { title, text } = texts.en.more.notices[code];
    await frame.getByRole("heading", { name: title }).waitFor();
    await frame.getByText(text).waitFor();
    await frame.getByRole("button", { name: "Close" }).click();
    await page.waitForFunction(() => events.some(([type]) => type === "web_app_close"));
    assert.equal((await events("web_app_close")).length, 1);
    await page.close();
    await context.unroute("https://web.telegram.org/k/**");
  }
});

test("mini_app_init_data_too_old_for_auto_login_asks_for_the_password", async () => {
  const user = employee();
  await createLinked(server, token, user);
  await inMiniApp(await signedInitData(server, { id: user.id }, { age: 2 * 3600 }), async (page) => {
    await signIn(page, user.phone, PASSWORD);
    await page.getByRole("heading", { name: "First Last" }).waitFor();
  });
});

test("mini_app_contact_of_another_account_can_be_typed_instead", async () => {
  const user = employee();
  await createLinked(server, token, user);
  const contact = await signedContact(server, { id: 1, phone: user.phone });
  const initData = await signedInitData(server, { id: 9004 });
  const { page, frame, post, mainButton } = await openInTelegram(context, server, initData, { contact });
  await frame.getByRole("button", { name: "Share my number" }).click();
  await frame.locator("input[type=password]").fill(PASSWORD);
  await mainButton({ is_active: true });
  await post("main_button_pressed", null);
  await frame.getByText("Telegram did not share the number. Type it instead.").waitFor();
  assert.ok(await frame.locator("input[type=tel]").isVisible());
  await page.close();
  await context.unroute("https://web.telegram.org/k/**");
});

test("mini_app_too_many_attempts_counts_down", async () => {
  const { phone } = employee();
  await createUser(server, token, { full_name: "First Last", phone });
  await inMiniApp(await signedInitData(server, { id: 9005 }), async (page) => {
    for (let i = 0; i < 12 && !(await page.locator(".timer").isVisible()); i++) {
      await signIn(page, phone, `wrong password ${i}`);
      await page.locator("[role=alert] p").waitFor();
    }
    assert.match(await page.locator(".timer").textContent(), /^\d+:\d\d$/);
    assert.ok(await page.getByRole("button", { name: "Sign in", exact: true }).isDisabled());
  });
});

test("mini_app_weak_passwords_name_the_rule", async () => {
  const user = employee();
  await createLinked(server, token, { ...user, full_name: "Alexander Kenesov" });
  await inMiniApp(await signedInitData(server, { id: user.id }), async (page) => {
    await page.getByRole("button", { name: "Change password" }).click();
    const [current, next] = [page.getByLabel("Current password"), page.getByLabel("New password")];
    const save = page.getByRole("button", { name: "Save" });
    await current.fill(PASSWORD);
    const rules = texts.en.more.members;
    for (const [password, rule] of [
      ["short", "At least 8 characters."],
      ["password123", rules.password_too_common],
      ["alexander kenesov", rules.password_personal],
      [PASSWORD, rules.password_unchanged],
    ]) {
      await next.fill(password);
      await save.click();
      await page.locator(".note.error").filter({ hasText: rule }).waitFor();
    }
  });
});

test("mini_app_wrong_current_password", async () => {
  const user = employee();
  await createLinked(server, token, user);
  await inMiniApp(await signedInitData(server, { id: user.id }), async (page) => {
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByLabel("Current password").fill("not the password");
    await page.getByLabel("New password").fill("plum over the tram");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText(texts.en.more.wrongCurrentPassword).waitFor();
  });
});

test("mini_app_shows_every_problem_of_the_form_in_every_language", async () => {
  await inMiniApp(await signedInitData(server, { id: 9006 }), async (page) => {
    await signInForm(page);
    for (const language of LANGUAGES) {
      await setMiniAppLanguage(page, language);
      const { problems } = texts[language].miniapp;
      for (const [code, text] of Object.entries(problems)) {
        if (["network", "timeout", "overloaded"].includes(code)) continue;
        await failNext(page, "auth/telegram/login", 400, code);
        await submit(page.locator("input[type=password]"), "auth/telegram/login");
        await page.getByRole("alert").getByText(text, { exact: true }).waitFor();
      }
      await failNext(page, "auth/telegram/login", 500, "a_new_code");
      await submit(page.locator("input[type=password]"), "auth/telegram/login");
      await page.locator("[role=alert]").getByText("0123456789abcdef").waitFor();
      assert.equal(await page.locator("input[type=tel]").inputValue(), "8 701 000 00 00");
    }
  });
});

test("mini_app_shows_every_notice_in_every_language", async () => {
  await inMiniApp(await signedInitData(server, { id: 9007 }), async (page) => {
    for (const code of Object.keys(texts.en.more.notices)) {
      await failNext(page, "auth/telegram/auto-login", 401, code);
      await page.reload();
      for (const language of LANGUAGES) {
        await setMiniAppLanguage(page, language);
        const { title, text } = texts[language].more.notices[code];
        await page.getByRole("heading", { name: title, exact: true }).waitFor();
        await page.getByText(text, { exact: true }).waitFor();
      }
    }
  });
});

test("mini_app_shows_a_notice_that_arrives_before_the_texts", async () => {
  await inMiniApp(await signedInitData(server, { id: 9011 }), async (page) => {
    await failNext(page, "auth/telegram/auto-login", 401, "init_data_expired");
    let release;
    const isReady = new Promise((resolve) => (release = resolve));
    await page.route("**/assets/miniapp-en.*", async (route) => {
      await isReady;
      await route.continue();
    });
    const more = page.waitForResponse("**/assets/miniapp-en_more.*");
    await page.reload();
    await (await more).finished();
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    release();
    await page.getByRole("heading", { name: texts.en.more.notices.init_data_expired.title }).waitFor();
  });
});

test("mini_app_keeps_the_problem_in_another_language", async () => {
  await inMiniApp(await signedInitData(server, { id: 9012 }), async (page) => {
    await signIn(page, "8 701 000 00 00", "wrong password");
    await page.getByText(texts.en.miniapp.problems.invalid_credentials).waitFor();
    for (const language of LANGUAGES) {
      await setMiniAppLanguage(page, language);
      await page.getByRole("alert").getByText(texts[language].miniapp.problems.invalid_credentials).waitFor();
    }
    // An error of a field, with its example, until the field is edited.
    await signIn(page, "12", "wrong password");
    const note = page.locator(".note.error");
    await note.getByText("Example: +7").waitFor();
    await setMiniAppLanguage(page, "ru");
    await note.getByText(texts.ru.miniapp.members.phone_invalid.split("{")[0]).waitFor();
    await note.getByText("+7").waitFor();
    await page.locator("input[type=tel]").fill("8 701 000 00 00");
    await setMiniAppLanguage(page, "kk");
    assert.equal(await note.count(), 0);
    assert.equal(await page.getByRole("alert").textContent(), "");
  });
});

test("mini_app_continues_the_countdown_in_another_language", async () => {
  await inMiniApp(await signedInitData(server, { id: 9013 }), async (page) => {
    await page.clock.install();
    await page.reload();
    await signInForm(page);
    await failNext(page, "auth/telegram/login", 429, "too_many_attempts", { retryAfter: 60 });
    await page.locator("input[type=password]").press("Enter");
    await page.locator(".timer").waitFor();
    await page.clock.fastForward(30_000);
    await setMiniAppLanguage(page, "kk");
    await page.locator(".timer").getByText(/^0:(2\d|30)$/).waitFor();
    const submit = page.getByRole("button", { name: texts.kk.miniapp.signIn, exact: true });
    assert.ok(await submit.isDisabled());
    await page.clock.fastForward(31_000);
    await page.locator(".timer").waitFor({ state: "detached" });
    assert.ok(await submit.isEnabled());
    await setMiniAppLanguage(page, "ru");
    assert.equal(await page.locator(".timer").count(), 0);
  });
});

test("mini_app_loads_a_language_that_failed_before", async () => {
  await inMiniApp(await signedInitData(server, { id: 9014 }), async (page) => {
    await signInForm(page);
    await page.route("**/assets/miniapp-kk*", (route) => route.abort());
    const choose = async () => {
      const failed = page.waitForEvent("requestfailed", (request) => request.url().includes("retry="));
      await page.getByRole("button", { name: "Қазақша" }).click();
      await failed;
      assert.equal(await page.getByRole("heading", { name: texts.en.miniapp.signIn }).count(), 1);
    };
    await choose();
    await choose();
    await page.unroute("**/assets/miniapp-kk*");
    for (const language of ["kk", "ru", "kk"]) {
      await setMiniAppLanguage(page, language);
      await page.getByRole("heading", { name: texts[language].miniapp.signIn, exact: true }).waitFor();
    }
    assert.equal(await page.locator("input[type=tel]").inputValue(), "8 701 000 00 00");
  });
  // Chromium logs the requests that failed.
  context.clear("net::ERR_FAILED");
});

test("mini_app_repeats_by_itself_when_the_server_is_busy", async () => {
  const user = employee();
  await createLinked(server, token, user);
  await inMiniApp(await signedInitData(server, { id: 9008 }), async (page) => {
    await signInForm(page);
    await failNext(page, "auth/telegram/login", 503, "overloaded", { retryAfter: 1 });
    await page.locator("input[type=password]").press("Enter");
    await page.getByText("The server is busy. Next attempt in 0:01.").waitFor();
    await page.getByText(texts.en.miniapp.problems.invalid_credentials).waitFor();
  });
});

test("mini_app_does_not_repeat_a_lost_sign_in", async () => {
  await inMiniApp(await signedInitData(server, { id: 9009 }), async (page) => {
    await signInForm(page);
    let requests = 0;
    await page.route("**/auth/telegram/login", (route) => {
      requests++;
      return route.abort();
    });
    await page.locator("input[type=password]").press("Enter");
    await page.getByText(texts.en.miniapp.problems.network).waitFor();
    assert.equal(requests, 1);
  });
});

test("mini_app_reports_a_server_that_does_not_answer", async () => {
  await inMiniApp(await signedInitData(server, { id: 9010 }), async (page) => {
    await page.clock.install();
    await page.reload();
    await signInForm(page);
    await page.route("**/auth/telegram/login", () => {});
    await page.locator("input[type=password]").press("Enter");
    await page.locator("form [aria-busy=true]").waitFor();
    await page.clock.fastForward(31_000);
    await page.getByText(texts.en.miniapp.problems.timeout).waitFor();
  });
});

async function signInForm(page) {
  await page.locator("input[type=tel]").fill("8 701 000 00 00");
  await page.locator("input[type=password]").fill("wrong password");
}

test("panel_sign_in_problems", async () => {
  const page = await context.newPage();
  await page.goto(server.panel);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  const password = page.getByLabel("Password", { exact: true });
  await password.fill("wrong password");
  await page.keyboard.press("Enter");
  await page.getByText(texts.en.admin.problems.invalid_credentials).waitFor();
  for (const [code, text] of Object.entries(texts.en.admin.problems)) {
    if (["network", "timeout", "overloaded"].includes(code)) continue;
    await failNext(page, "auth/admin/login", 400, code);
    await submit(password, "auth/admin/login");
    await page.getByRole("alert").getByText(text, { exact: true }).waitFor();
  }
  await failNext(page, "auth/admin/login", 400, "last_admin");
  await submit(password, "auth/admin/login");
  await page.getByRole("alert").getByText(texts.en.admin.problems.last_admin).waitFor();
  await page.getByLabel("Language").selectOption("kk");
  await page.getByRole("alert").getByText(texts.kk.admin.problems.last_admin).waitFor();
  await page.getByRole("combobox").selectOption("en");
  await page.getByLabel("E-mail").focus();
  await failNext(page, "auth/admin/login", 429, "too_many_attempts", { retryAfter: 299 });
  await page.keyboard.press("Enter");
  await page.getByText("Too many attempts. Try again in 4:").waitFor();
  assert.ok(await page.getByRole("button", { name: "Sign in", exact: true }).isDisabled());
  await page.close();
});

test("panel_form_problems_name_the_field", async () => {
  const { phone } = employee();
  await createUser(server, token, { full_name: "First Last", phone, external_id: "77" });
  const page = await context.newPage();
  await signInToPanel(page, server);
  await page.getByRole("button", { name: "Create user" }).click();
  const dialog = page.getByRole("dialog");
  const members = texts.en.admin.members;
  const create = async (values, name, text) => {
    for (const [label, value] of Object.entries(values)) await dialog.getByLabel(label).fill(value);
    await dialog.getByRole("button", { name: "Create" }).click();
    const field = dialog.locator(".field", { has: page.getByLabel(name) });
    await field.locator(".note.error").filter({ hasText: text }).waitFor();
  };
  await create({ "Full name": "First Last", "Phone number": "12" }, "Phone number", members.phone_invalid);
  await create({ "Phone number": "+77010001122", "E-mail": "not an address" }, "E-mail", members.email_invalid);
  await create({ "E-mail": "", "External id": "x".repeat(129) }, "External id", "At most");
  await dialog.getByLabel("External id").fill("");
  await dialog.getByLabel("Phone number").fill(phone);
  await dialog.getByRole("button", { name: "Create" }).click();
  await dialog.getByText(texts.en.admin.problems.phone_taken).or(dialog.getByText(members.taken)).waitFor();
  await page.close();
});

test("panel_shows_and_retries_a_failed_list", async () => {
  const page = await context.newPage();
  await signInToPanel(page, server);
  await page.route("**/auth/admin/audit*", (route) => route.fulfill({ status: 500, body: "" }));
  await show(page, "audit");
  await page.getByText(texts.en.admin.failed).waitFor();
  await page.unroute("**/auth/admin/audit*");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator(".events .row").first().waitFor();
  await show(page, "nothing");
  await page.getByText(texts.en.admin.notFound).waitFor();
  await page.close();
});

test("panel_banner_names_the_dependency_that_is_down", async () => {
  const page = await context.newPage();
  const dependencies = [{ name: "database", up: true }, { name: "redis", up: false }];
  await page.route("**/health/ready", (route) => route.fulfill({ json: { status: "degraded", dependencies } }));
  await signInToPanel(page, server);
  await page.getByText("redis").waitFor();
  await page.close();
});

test("panel_reports_a_user_that_does_not_exist", async () => {
  const page = await context.newPage();
  await signInToPanel(page, server);
  await show(page, "users/0199aa3c-5b1e-7c3d-9f2a-6d1e8b4c7a10");
  await page.getByText(texts.en.admin.problems.not_found).waitFor();
  await page.close();
});
