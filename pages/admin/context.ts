import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Client, User } from "../client/divan.js";
import type { Language } from "../shared/language.js";
import type { Promotion } from "./api.js";
import type { Secret } from "./components/generated_password.js";
import type { Loaded } from "./hooks.js";
import type { ImportJob } from "./import/job.js";
import { en } from "./texts/en.js";
import { kk } from "./texts/kk.js";
import { ru } from "./texts/ru.js";
import type { Texts } from "./texts/texts.js";
import type { Webhook } from "./webhooks.js";

export const TEXTS: Record<Language, Texts> = { ru, kk, en };

/** What every screen needs. */
export interface Panel {
  client: Client;
  language: Language;
  texts: Texts;
  /** The signed-in administrator. */
  user: User | null;
  /** The password of the last sign-in, until a generated one is replaced. */
  typedPassword: { current: string };
  /** The import of users; it outlives its screen. */
  job: ImportJob;
  /** Promotions that wait for an approval. */
  promotions: Loaded<Promotion[]>;
  /** The webhooks; `null` if the server delivers none. */
  webhooks: Loaded<Webhook[] | null>;
  /** Shows a generated password or secret, also if the screen that asked for it has been left. */
  reveal: (secret: Secret) => void;
  /** Shows recovery codes, also if the screen that asked for them has been left. */
  revealCodes: (codes: readonly string[]) => void;
  /** Shows a short confirmation. */
  notify: (text: string) => void;
}

export const PanelContext = createContext<Panel>(null as unknown as Panel);

export const usePanel = (): Panel => useContext(PanelContext);
