import type { SessionClient } from "../client/client.js";
import type { User } from "../client/divan.js";
import type { DivanError } from "../client/error.js";
import type { Bridge, MainButton } from "../shared/bridge.js";
import { h } from "../shared/dom.js";
import { LANGUAGES, type Language } from "../shared/language.js";
import { type Config, loadConfig } from "./config.js";
import { loadMoreTexts, loadTexts } from "./texts/load.js";
import type { MoreTexts, Texts } from "./texts/texts.js";

type Screens = typeof import("./screens/more.js");

/** Contents of the page. It is rendered again when the language changes. */
export interface Screen {
  render(app: App): Node[];
  back?: () => void;
}

export interface Failure {
  error: DivanError;
  /** Time of the failure, in milliseconds. */
  at: number;
}

/** State of the page: the screen, the language and the connections. */
export class App {
  user: User | null = null;
  initData: string;
  readonly client: SessionClient;
  readonly bridge: Bridge;
  language: Language = "en";
  texts = {} as Texts;
  /** Failure that the form of the screen shows, also in another language. */
  failure: Failure | null = null;
  /** Shows above each screen that the user is a test user. */
  banner: (() => Node) | null = null;
  /** Texts of screens that {@link open} shows. */
  more = {} as MoreTexts;
  #hasMore = false;
  readonly #root: HTMLElement;
  /** Address of the server, with its path prefix. */
  readonly base: string;
  #screen: Screen | null = null;
  #hasMainButton = false;
  #config: Promise<Config> | null = null;
  readonly #cleanups: (() => void)[] = [];

  constructor(root: HTMLElement, client: SessionClient, bridge: Bridge, base: string) {
    this.#root = root;
    this.client = client;
    this.bridge = bridge;
    this.initData = bridge.initData;
    this.base = base;
    bridge.onBackButton = () => this.#screen?.back?.();
  }

  config(): Promise<Config> {
    return (this.#config ??= loadConfig(this.base));
  }

  /** Shows a screen as soon as the texts have arrived. */
  show(screen: Screen): void {
    const isFirst = this.#screen === null;
    this.#leave();
    this.failure = null;
    this.#screen = screen;
    if (!this.texts.signIn) return;
    this.#render();
    if (!isFirst) this.#root.querySelector("h1")?.focus();
    scrollTo(0, 0);
  }

  /** Shows Telegram's main button on this screen. Returns `false` outside Telegram. */
  setMainButton(button: MainButton, onPress: () => void): boolean {
    if (!this.bridge.isTelegram) return false;
    this.#hasMainButton = true;
    this.bridge.onMainButton = onPress;
    this.bridge.setMainButton(button);
    return true;
  }

  /** Shows a screen whose code is loaded when it is needed. */
  async open(choose: (screens: Screens) => Screen): Promise<void> {
    try {
      const [screens, more] = await Promise.all([import("./screens/more.js"), loadMoreTexts(this.language)]);
      this.more = more;
      this.#hasMore = true;
      this.show(choose(screens));
    } catch {
      // After an upgrade of the server the file has another name, which only a reload finds.
      const { retry, problems } = this.texts;
      const reload = () => location.reload();
      this.show({ render: () => [
        h("h1", { tabindex: -1 }, problems.network),
        h("button", { type: "button", class: "secondary", onclick: reload }, retry),
      ] });
    }
  }

  /** Registers an action for when the screen is left. */
  onLeave(cleanup: () => void): void {
    this.#cleanups.push(cleanup);
  }

  #leave(): void {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    this.bridge.onMainButton = () => {};
  }

  #render(): void {
    document.documentElement.lang = this.language;
    const screen = this.#screen;
    if (!screen) return;
    this.#hasMainButton = false;
    const content = screen.render(this);
    if (!this.#hasMainButton) this.bridge.setMainButton(null);
    this.bridge.setBackButton(!!screen.back);
    document.title = content[0]?.textContent ?? "Divan";
    this.#root.replaceChildren(this.banner?.() ?? "", this.#backButton(screen), h("main", {}, ...content), this.#languages());
  }

  #backButton(screen: Screen): Node {
    if (!screen.back || this.bridge.supports(6, 1)) return document.createComment("");
    return h("button", { type: "button", class: "back link", onclick: screen.back }, `‹ ${this.texts.back}`);
  }

  #languages(): HTMLElement {
    const buttons = Object.entries(LANGUAGES).map(([language, name]) =>
      h("button", {
        type: "button",
        lang: language,
        "aria-pressed": String(language === this.language),
        onclick: () => void this.#switchLanguage(language as Language),
      }, name),
    );
    return h("nav", { class: "languages", "aria-label": this.texts.language }, ...buttons);
  }

  async setLanguage(language: Language): Promise<void> {
    this.language = language;
    this.texts = await loadTexts(language);
    // A screen that needs them may have been opened while the texts were loaded.
    if (this.#hasMore) this.more = await loadMoreTexts(language);
    this.#leave();
    this.#render();
  }

  async #switchLanguage(language: Language): Promise<void> {
    const previous = this.language;
    try {
      await this.setLanguage(language);
    } catch {
      // The texts cannot be loaded now.
      this.language = previous;
      return;
    }
    this.#root.querySelector<HTMLElement>(".languages [aria-pressed=true]")?.focus();
  }
}
