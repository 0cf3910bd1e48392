import assert from "node:assert/strict";
import { test } from "node:test";
import { Bridge } from "../shared/bridge.js";
import { isDark, themeOf } from "../shared/theme.js";

const LAUNCH = new URLSearchParams({
  tgWebAppData: "user=%7B%22id%22%3A42%7D&hash=00",
  tgWebAppVersion: "8.0",
  tgWebAppPlatform: "ios",
  tgWebAppThemeParams: JSON.stringify({ bg_color: "#17212B", button_color: "#5288c1", hint_color: "red;" }),
});

type Event = [type: string, data: unknown];

/** Page with a recorded connection to a Telegram client. */
class Page {
  readonly sent: Event[] = [];
  readonly targets = new Set<string>();
  readonly location = { hash: `#${LAUNCH}`, reload: () => this.sent.push(["reload", null]) };
  TelegramWebviewProxy: unknown;
  external: unknown;
  parent: unknown = this;
  Telegram: any;
  TelegramGameProxy: any;
  TelegramGameProxy_receiveEvent: any;
  #message: (event: object) => void = () => {};

  addEventListener(_: string, listener: (event: object) => void) {
    this.#message = listener;
  }

  static mobile(version = "8.0"): Page {
    const page = new Page();
    page.location.hash = page.location.hash.replace("=8.0", `=${version}`);
    page.TelegramWebviewProxy = {
      postEvent: (type: string, data: string) => page.sent.push([type, JSON.parse(data)]),
    };
    return page;
  }

  static frame(): Page {
    const page = new Page();
    page.parent = {
      postMessage(text: string, target: string) {
        page.targets.add(target);
        const { eventType, eventData } = JSON.parse(text);
        page.sent.push([eventType, eventData]);
      },
    };
    return page;
  }

  message(eventType: string, eventData: unknown, more: object = {}) {
    const data = JSON.stringify({ eventType, eventData });
    this.#message({ source: this.parent, origin: "https://web.telegram.org", data, ...more });
  }

  bridge(): Bridge {
    const bridge = new Bridge(this as unknown as Window);
    this.sent.length = 0;
    return bridge;
  }
}

test("start_requests_theme_viewport_and_safe_areas", () => {
  const page = Page.frame();
  new Bridge(page as unknown as Window);
  assert.deepEqual(page.sent, [
    ["iframe_ready", { reload_supported: true }],
    ["web_app_request_theme", ""],
    ["web_app_request_viewport", ""],
    ["web_app_request_safe_area", ""],
    ["web_app_request_content_safe_area", ""],
  ]);
  assert.deepEqual([...page.targets], ["https://web.telegram.org"]);
});

test("launch_parameters_have_version_platform_and_theme", () => {
  const bridge = Page.mobile().bridge();
  assert.equal(bridge.version, "8.0");
  assert.equal(bridge.platform, "ios");
  assert.deepEqual(bridge.theme, { bg_color: "#17212b", button_color: "#5288c1" });
  assert.ok(bridge.isTelegram);
});

test("page_outside_telegram_sends_nothing", () => {
  const page = new Page();
  page.location.hash = "";
  const bridge = page.bridge();
  bridge.ready();
  bridge.setMainButton({ text: "Sign in", isActive: true, isProgressVisible: false });
  assert.equal(bridge.isTelegram, false);
  assert.equal(bridge.canRequestContact, false);
  assert.deepEqual(page.sent, []);
});

test("desktop_client_receives_events_by_notify", () => {
  const page = new Page();
  page.external = { notify: (text: string) => page.sent.push(["notify", JSON.parse(text)]) };
  page.bridge().ready();
  assert.deepEqual(page.sent, [["notify", { eventType: "web_app_ready", eventData: "" }]]);
});

test("messages_of_other_origins_and_frames_are_ignored", () => {
  const page = Page.frame();
  const bridge = page.bridge();
  let themes = 0;
  bridge.onTheme = () => themes++;
  const params = { theme_params: { bg_color: "#000000" } };
  page.message("theme_changed", params, { origin: "https://evil.example.com" });
  page.message("theme_changed", params, { source: {} });
  page.message("theme_changed", params, { data: "not JSON" });
  page.message("theme_changed", params, { data: { eventType: "theme_changed" } });
  page.message("constructor", params);
  assert.equal(themes, 0);
  page.message("theme_changed", params);
  assert.equal(themes, 1);
  assert.equal(bridge.theme["bg_color"], "#000000");
});

test("all_names_of_the_receiver_work", () => {
  const page = Page.mobile();
  const bridge = page.bridge();
  let pressed = 0;
  bridge.onBackButton = () => pressed++;
  page.Telegram.WebView.receiveEvent("back_button_pressed");
  page.TelegramGameProxy.receiveEvent("back_button_pressed");
  page.TelegramGameProxy_receiveEvent("back_button_pressed");
  assert.equal(pressed, 3);
});

test("main_button_is_sent_once_for_each_state", () => {
  const page = Page.mobile();
  const bridge = page.bridge();
  const button = { text: "Sign in", isActive: true, isProgressVisible: false };
  bridge.setMainButton(button);
  bridge.setMainButton({ ...button });
  const shown = {
    is_visible: true,
    is_active: true,
    is_progress_visible: false,
    text: "Sign in",
    color: "#5288c1",
    text_color: "#ffffff",
    has_shine_effect: false,
  };
  assert.deepEqual(page.sent, [["web_app_setup_main_button", shown]]);
  page.Telegram.WebView.receiveEvent("theme_changed", { theme_params: { button_color: "#112233" } });
  bridge.setMainButton(null);
  assert.deepEqual(page.sent.slice(1), [
    ["web_app_setup_main_button", { ...shown, color: "#112233" }],
    ["web_app_setup_main_button", { is_visible: false }],
  ]);
});

test("inactive_main_button_is_not_pressed", () => {
  const page = Page.mobile();
  const bridge = page.bridge();
  let pressed = 0;
  bridge.onMainButton = () => pressed++;
  for (const isActive of [false, true]) {
    bridge.setMainButton({ text: "Sign in", isActive, isProgressVisible: false });
    page.Telegram.WebView.receiveEvent("main_button_pressed");
  }
  assert.equal(pressed, 1);
});

test("old_clients_do_not_receive_unknown_events", () => {
  const page = Page.mobile("6.0");
  const bridge = page.bridge();
  bridge.setBackButton(true);
  bridge.setClosingConfirmation(true);
  bridge.haptic("error");
  assert.deepEqual(page.sent, []);
  assert.equal(bridge.canRequestContact, false);
  assert.equal(Page.mobile("6.10").bridge().canRequestContact, true);
});

test("request_contact_polls_until_the_contact_arrives", async () => {
  const page = Page.mobile();
  const bridge = page.bridge();
  const contact = bridge.requestContact();
  page.Telegram.WebView.receiveEvent("phone_requested", { status: "sent" });
  for (const result of ["", "contact=…&hash=…"]) {
    await until(() => page.sent.at(-1)?.[0] === "web_app_invoke_custom_method");
    const { req_id, method } = page.sent.at(-1)?.[1] as { req_id: string; method: string };
    assert.equal(method, "getRequestedContact");
    page.sent.push(["answered", null]);
    page.Telegram.WebView.receiveEvent("custom_method_invoked", { req_id, result });
  }
  assert.equal(await contact, "contact=…&hash=…");
});

test("declined_contact_is_null", async () => {
  const page = Page.mobile();
  const contact = page.bridge().requestContact();
  page.Telegram.WebView.receiveEvent("phone_requested", { status: "cancelled" });
  assert.equal(await contact, null);
});

test("reload_request_of_the_web_client_is_answered", () => {
  const page = Page.frame();
  page.bridge();
  page.message("reload_iframe", null);
  assert.deepEqual(page.sent.map(([type]) => type), ["iframe_will_reload", "reload"]);
});

test("theme_takes_colours_only", () => {
  assert.deepEqual(themeOf({ bg_color: "url(x)", "a:b": "#000000", text_color: "#ABCDEF" }, {}), {
    text_color: "#abcdef",
  });
  assert.deepEqual(themeOf(null, { a: "#000000" }), { a: "#000000" });
  assert.equal(isDark("#17212b"), true);
  assert.equal(isDark("#ffffff"), false);
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
