// The Mini App page in the frame of a fake web client, which speaks the events of the real one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openContext } from "./support/browser.mjs";
import { createLinked, DARK_THEME, openInTelegram, signedContact, signedInitData } from "./support/miniapp.mjs";
import { createUser } from "./support/panel.mjs";
import { browser, server, token } from "./support/set_up.mjs";

let context;

async function inTelegram(user, options) {
  context = await openContext(browser, server, options?.context);
  return openInTelegram(context, server, await signedInitData(server, user), options);
}

const finish = async () => {
  context.assertClean();
  await context.close();
};

test("employee_signs_in_with_the_main_button_and_replaces_the_password", async () => {
  const { generated_password } = await createUser(server, token, { full_name: "First Last", phone: "+77011234567" });
  const { frame, events, post, mainButton } = await inTelegram({ id: 101 });
  assert.equal((await mainButton({ is_visible: true, text: "Sign in" })).is_active, false);
  for (const type of ["iframe_ready", "web_app_ready", "web_app_expand", "web_app_request_theme"]) {
    assert.equal((await events(type)).length, 1, type);
  }
  assert.equal(await frame.getByRole("button", { name: "Sign in", exact: true }).count(), 0, "the main button replaces it");
  await frame.getByLabel("Phone number").fill("8 701 123 45 67");
  await frame.getByLabel("Password", { exact: true }).fill(generated_password);
  await mainButton({ is_active: true });
  await post("main_button_pressed", null);
  await frame.getByLabel("New password").fill("umbrella 77 river");
  assert.deepEqual((await events("web_app_setup_closing_behavior")).at(-1), { need_confirmation: true });
  await mainButton({ text: "Save", is_active: true });
  await post("main_button_pressed", null);
  await frame.getByText("Your password has been changed.").waitFor();
  await mainButton({ is_visible: false });
  assert.deepEqual((await events("web_app_setup_closing_behavior")).at(-1), { need_confirmation: false });
  assert.deepEqual((await events("web_app_trigger_haptic_feedback")).at(-1), { type: "notification", notification_type: "success" });
  await finish();
});

test("shared_number_replaces_the_typed_one", async () => {
  const { generated_password } = await createUser(server, token, { full_name: "Second Last", phone: "+77011234568" });
  const contact = await signedContact(server, { id: 102, phone: "77011234568" });
  const { frame, post, mainButton } = await inTelegram({ id: 102 }, { contact });
  await frame.getByRole("button", { name: "Share my number" }).click();
  await frame.getByText("+77011234568").waitFor();
  assert.equal(await frame.getByLabel("Phone number").isVisible(), false);
  await frame.getByLabel("Password", { exact: true }).fill(generated_password);
  await mainButton({ is_active: true });
  await post("main_button_pressed", null);
  await frame.getByRole("heading", { name: "Choose your password" }).waitFor();
  await finish();
});

test("declined_number_can_be_typed", async () => {
  const { frame } = await inTelegram({ id: 103 });
  await frame.getByRole("button", { name: "Share my number" }).click();
  await frame.getByText("Telegram did not share the number.").waitFor();
  assert.ok(await frame.getByLabel("Phone number").isVisible());
  await finish();
});

test("back_button_returns_to_the_account", async () => {
  await createLinked(server, token, { id: 104, phone: "+77011234569" });
  const { frame, events, post } = await inTelegram({ id: 104 });
  await frame.getByRole("button", { name: "Devices" }).click();
  await frame.getByText("This device").waitFor();
  assert.deepEqual((await events("web_app_setup_back_button")).at(-1), { is_visible: true });
  await post("back_button_pressed", null);
  await frame.getByRole("button", { name: "Devices" }).waitFor();
  assert.deepEqual((await events("web_app_setup_back_button")).at(-1), { is_visible: false });
  await finish();
});

test("theme_changes_live_and_safe_areas_are_added", async () => {
  const { page, frame, post } = await inTelegram({ id: 105 });
  await frame.getByLabel("Phone number").waitFor();
  const style = (property, selector) => frame.locator(selector).evaluate((element, name) => getComputedStyle(element)[name], property);
  assert.equal(await style("backgroundColor", "body"), "rgb(239, 239, 243)");
  assert.equal(await style("paddingTop", "#app"), "28px");
  await post("theme_changed", { theme_params: DARK_THEME });
  await post("content_safe_area_changed", { top: 40, bottom: 0, left: 0, right: 0 });
  await page.frames().at(-1).waitForFunction(() => getComputedStyle(document.getElementById("app")).paddingTop === "68px");
  assert.equal(await style("backgroundColor", "body"), "rgb(24, 24, 24)");
  assert.equal(await style("colorScheme", "html"), "dark");
  await finish();
});

test("messages_of_other_windows_are_ignored", async () => {
  const { page, frame } = await inTelegram({ id: 106 });
  await frame.getByLabel("Phone number").waitFor();
  const inner = page.frames().at(-1);
  await inner.evaluate((theme_params) => {
    postMessage(JSON.stringify({ eventType: "theme_changed", eventData: { theme_params } }), "*");
    return new Promise((resolve) => setTimeout(resolve));
  }, DARK_THEME);
  const background = await frame.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
  assert.equal(background, "rgb(239, 239, 243)");
  await finish();
});

test("language_is_that_of_the_telegram_user", async () => {
  for (const [language_code, title] of [["ru", "Войти"], ["kk", "Кіру"], ["de", "Sign in"]]) {
    const { frame } = await inTelegram({ id: 107, language_code });
    await frame.getByRole("heading", { name: title, exact: true }).waitFor();
    await finish();
  }
});

test("old_client_without_a_back_button_gets_one_in_the_page", async () => {
  await createLinked(server, token, { id: 108, phone: "+77011234570" });
  const { frame, events } = await inTelegram({ id: 108 }, { version: "6.0" });
  await frame.getByRole("button", { name: "Devices" }).click();
  await frame.getByRole("button", { name: "Back" }).click();
  await frame.getByRole("button", { name: "Devices" }).waitFor();
  assert.deepEqual(await events("web_app_setup_back_button"), []);
  await finish();
});
