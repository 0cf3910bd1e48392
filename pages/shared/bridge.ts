import { launchInitData, launchParams } from "./launch.js";
import { type Theme, themeOf } from "./theme.js";

const WEB_CLIENT = "https://web.telegram.org";
const CONTACT_TIMEOUT = 3000;

export interface Insets {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

export interface MainButton {
  text: string;
  isActive: boolean;
  isProgressVisible: boolean;
}

type Handler = (data: any) => void;

/** Connection to the Telegram client that shows the page. */
export class Bridge {
  readonly initData = launchInitData();
  readonly version: string;
  readonly platform: string;
  theme: Theme;
  onTheme: (theme: Theme) => void = () => {};
  onInsets: (kind: "safe-area" | "content-safe-area", insets: Insets) => void = () => {};
  onMainButton: () => void = () => {};
  onBackButton: () => void = () => {};
  readonly #send: ((type: string, data: unknown) => void) | null;
  readonly #handlers: Record<string, Handler | undefined>;
  readonly #sent = new Map<string, string>();
  #mainButton: MainButton | null = null;
  #contact: ((status: string) => void) | null = null;
  readonly #calls = new Map<string, (result: unknown) => void>();

  constructor(page: Window = window) {
    const params = launchParams(page.location.hash);
    this.version = params.get("tgWebAppVersion") ?? "";
    this.platform = params.get("tgWebAppPlatform") ?? "unknown";
    this.theme = themeOf(parse(params.get("tgWebAppThemeParams")), {});
    this.#send = sender(page);
    this.#handlers = {
      theme_changed: ({ theme_params }) => this.#setTheme(theme_params),
      safe_area_changed: (insets) => this.onInsets("safe-area", insets),
      content_safe_area_changed: (insets) => this.onInsets("content-safe-area", insets),
      main_button_pressed: () => this.#mainButton?.isActive && this.onMainButton(),
      back_button_pressed: () => this.onBackButton(),
      phone_requested: ({ status }) => this.#contact?.(status),
      custom_method_invoked: ({ req_id, result }) => this.#calls.get(req_id)?.(result),
    };
    listen(page, (type, data) => {
      if (type === "reload_iframe") {
        this.#send?.("iframe_will_reload", undefined);
        page.location.reload();
      } else if (Object.hasOwn(this.#handlers, type)) this.#handlers[type]?.(data ?? {});
    });
    if (page.parent !== page) this.#post("iframe_ready", { reload_supported: true });
    for (const part of ["theme", "viewport", "safe_area", "content_safe_area"]) {
      this.#post(`web_app_request_${part}`);
    }
  }

  /** Whether a Telegram client shows the page. */
  get isTelegram(): boolean {
    return this.version !== "" && this.#send !== null;
  }

  /** Whether the client has Bot API version `major.minor` or later. */
  supports(major: number, minor: number): boolean {
    const [clientMajor = 0, clientMinor = 0] = this.version.split(".").map(Number);
    return clientMajor > major || (clientMajor === major && clientMinor >= minor);
  }

  ready = (): void => this.#post("web_app_ready");
  expand = (): void => this.#post("web_app_expand");
  close = (): void => this.#post("web_app_close", {});

  /** Shows Telegram's main button, or hides it. */
  setMainButton(button: MainButton | null): void {
    this.#mainButton = button;
    this.#postOnce("web_app_setup_main_button", button ? {
      is_visible: true,
      is_active: button.isActive,
      is_progress_visible: button.isProgressVisible,
      text: button.text,
      color: this.theme["button_color"] ?? "#2481cc",
      text_color: this.theme["button_text_color"] ?? "#ffffff",
      has_shine_effect: false,
    } : { is_visible: false });
  }

  setBackButton(is_visible: boolean): void {
    if (this.supports(6, 1)) this.#postOnce("web_app_setup_back_button", { is_visible });
  }

  setClosingConfirmation(need_confirmation: boolean): void {
    if (this.supports(6, 2)) this.#post("web_app_setup_closing_behavior", { need_confirmation });
  }

  haptic(notification_type: "error" | "success" | "warning"): void {
    if (!this.supports(6, 1)) return;
    this.#post("web_app_trigger_haptic_feedback", { type: "notification", notification_type });
  }

  get canRequestContact(): boolean {
    return this.isTelegram && this.supports(6, 9);
  }

  /** Asks for the phone number. Returns the signed contact, or `null` if the user declined. */
  async requestContact(): Promise<string | null> {
    const status = await new Promise<string>((resolve) => {
      this.#contact = resolve;
      this.#post("web_app_request_phone");
    });
    this.#contact = null;
    return status === "sent" ? this.#requestedContact() : null;
  }

  /** Telegram's server provides the contact some time after the consent. */
  async #requestedContact(): Promise<string | null> {
    const until = performance.now() + CONTACT_TIMEOUT;
    for (let delay = 50; performance.now() < until; delay += 50) {
      const left = until - performance.now();
      const contact = await Promise.race([this.#call("getRequestedContact"), sleep(left)]);
      if (typeof contact === "string" && contact) return contact;
      await sleep(delay);
    }
    return null;
  }

  #call(method: string): Promise<unknown> {
    const req_id = crypto.getRandomValues(new Uint32Array(2)).join("").slice(0, 16);
    return new Promise((resolve) => {
      this.#calls.set(req_id, (result) => {
        this.#calls.delete(req_id);
        resolve(result);
      });
      this.#post("web_app_invoke_custom_method", { req_id, method, params: {} });
    });
  }

  #setTheme(params: unknown): void {
    this.theme = themeOf(params, this.theme);
    if (this.#mainButton) this.setMainButton(this.#mainButton);
    this.onTheme(this.theme);
  }

  #postOnce(type: string, data: unknown): void {
    const state = JSON.stringify(data);
    if (this.#sent.get(type) === state) return;
    this.#sent.set(type, state);
    this.#post(type, data);
  }

  #post(type: string, data: unknown = ""): void {
    this.#send?.(type, data);
  }
}

const sleep = (milliseconds: number): Promise<null> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds, null));

/** Returns the way to the client: a mobile or desktop application, or the web client. */
function sender(page: any): ((type: string, data: unknown) => void) | null {
  if (page.TelegramWebviewProxy) {
    return (type, data) => page.TelegramWebviewProxy.postEvent(type, JSON.stringify(data));
  }
  const message = (eventType: string, eventData: unknown) => JSON.stringify({ eventType, eventData });
  if (page.external && "notify" in page.external) {
    return (type, data) => page.external.notify(message(type, data));
  }
  if (page.parent === page) return null;
  return (type, data) => page.parent.postMessage(message(type, data), WEB_CLIENT);
}

function listen(page: any, receive: (type: string, data: unknown) => void): void {
  page.Telegram ??= {};
  page.Telegram.WebView = { receiveEvent: receive };
  page.TelegramGameProxy = { receiveEvent: receive };
  page.TelegramGameProxy_receiveEvent = receive;
  page.addEventListener("message", ({ source, origin, data }: MessageEvent) => {
    if (page.parent === page || source !== page.parent || origin !== WEB_CLIENT) return;
    const event = parse(data) as { eventType?: unknown; eventData?: unknown } | null;
    if (typeof event?.eventType === "string") receive(event.eventType, event.eventData);
  });
}

function parse(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}
