// Init data, and a fake web client of Telegram.
import { createHmac } from "node:crypto";

export const THEME = {
  bg_color: "#ffffff",
  secondary_bg_color: "#efeff3",
  text_color: "#000000",
  hint_color: "#707579",
  link_color: "#3390ec",
  button_color: "#3390ec",
  button_text_color: "#ffffff",
};
export const DARK_THEME = { ...THEME, bg_color: "#212121", secondary_bg_color: "#181818", text_color: "#ffffff", hint_color: "#aaaaaa" };
const CLIENT = "https://web.telegram.org/k/";

/** Signs init data as Telegram does. */
export async function signedInitData(server, user, { age = 0, botToken } = {}) {
  const token = botToken ?? (await server.botToken());
  const fields = {
    auth_date: String(Math.floor(Date.now() / 1000) - age),
    user: JSON.stringify({ first_name: "Test", language_code: "en", ...user }),
  };
  return sign(fields, token);
}

/** A contact as `requestContact` returns it. */
export async function signedContact(server, { id, phone }) {
  const contact = JSON.stringify({ user_id: id, phone_number: phone, first_name: "Test" });
  return sign({ auth_date: String(Math.floor(Date.now() / 1000)), contact }, await server.botToken());
}

function sign(fields, token) {
  const text = Object.keys(fields).sort().map((key) => `${key}=${fields[key]}`).join("\n");
  const secret = createHmac("sha256", "WebAppData").update(token).digest();
  const hash = createHmac("sha256", secret).update(text).digest("hex");
  return new URLSearchParams({ ...fields, hash }).toString();
}

/** Fragment that a Telegram client appends to the address of the Mini App. */
export const launchHash = (initData, { theme = THEME, version = "8.0" } = {}) =>
  new URLSearchParams({
    tgWebAppData: initData,
    tgWebAppVersion: version,
    tgWebAppPlatform: "weba",
    ...(theme && { tgWebAppThemeParams: JSON.stringify(theme) }),
  }).toString();

/** Opens the Mini App in the frame of a fake web client, which records events and answers like the real one. */
export async function openInTelegram(context, server, initData, { contact = null, ...options } = {}) {
  const address = `${server.miniapp}#${launchHash(initData, options)}`;
  await context.route(`${CLIENT}**`, (route) => route.fulfill({ contentType: "text/html", body: clientPage(address, contact) }));
  const page = await context.newPage();
  await page.goto(CLIENT);
  const frame = page.frameLocator("iframe");
  const events = (type) => page.evaluate((type) => events.filter(([sent]) => sent === type).map(([, data]) => data), type);
  return {
    page,
    frame,
    events,
    post: (type, data) => page.evaluate(([type, data]) => post(type, data), [type, data]),
    /** Waits for the main button in a state, and returns it. */
    mainButton: async (state) => {
      await page.waitForFunction((state) => {
        const button = events.filter(([type]) => type === "web_app_setup_main_button").at(-1)?.[1];
        return button && Object.entries(state).every(([name, value]) => button[name] === value);
      }, state);
      return (await events("web_app_setup_main_button")).at(-1);
    },
  };
}

const clientPage = (address, contact) => `<!doctype html><title>Telegram</title>
<style>iframe { width: 390px; height: 700px; border: 0 }</style>
<iframe></iframe><script>
const contact = ${JSON.stringify(contact)};
const frame = document.querySelector("iframe");
var events = [];
function post(eventType, eventData) {
  frame.contentWindow.postMessage(JSON.stringify({ eventType, eventData }), "*");
}
addEventListener("message", ({ data, source }) => {
  if (source !== frame.contentWindow) return;
  const { eventType, eventData } = JSON.parse(data);
  events.push([eventType, eventData ?? null]);
  if (eventType === "web_app_request_safe_area") post("safe_area_changed", { top: 12, bottom: 8, left: 0, right: 0 });
  if (eventType === "web_app_request_phone") post("phone_requested", { status: contact ? "sent" : "cancelled" });
  if (eventType === "web_app_invoke_custom_method") {
    post("custom_method_invoked", { req_id: eventData.req_id, result: contact });
  }
});
frame.src = ${JSON.stringify(address)};
</script>`;

/** Creates an employee whose Telegram account is linked by a sign-in with an own password. */
export async function createLinked(server, token, { id, phone, full_name = "First Last", password = "umbrella 77 river" }) {
  const user = { role: "employee", full_name, phone };
  const created = await server.call("sec", "POST", "/auth/admin/users", { token, body: user });
  const login = async (password) => server.call("divan", "POST", "/auth/telegram/login", {
    body: { phone, password, init_data: await signedInitData(server, { id }) },
  });
  const first = await login(created.generated_password);
  const body = { current_password: created.generated_password, new_password: password };
  await server.call("divan", "POST", "/auth/me/password", { token: first.access_token, body });
  const { access_token } = await login(password);
  return { ...created.user, password, token: access_token };
}
