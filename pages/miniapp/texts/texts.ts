import type { components } from "../../shared/api.js";

type KnownCode = Extract<components["schemas"]["ProblemCode"], string>;

/** Texts that each load of the Mini App page needs. A missing one does not compile. */
export interface Texts {
  signIn: string;
  signInHint: string;
  signingIn: string;
  signOut: string;
  signedOut: string;
  sessionEnded: string;
  phone: string;
  sharePhone: string;
  sharedPhone: string;
  typePhone: string;
  phoneNotShared: string;
  password: string;
  show: string;
  hide: string;
  changePassword: string;
  changed: string;
  back: string;
  retry: string;
  account: string;
  telegram: string;
  email: string;
  devices: string;
  loading: string;
  language: string;
  busy: string;
  waitFor: string;
  offline: string;
  failed: string;
  requestId: string;
  problems: Partial<Record<KnownCode, string>> & Record<FormCode, string>;
  members: Record<MemberCode, string>;
}

/** Texts of the screens that are loaded when they are needed. */
export interface MoreTexts {
  currentPassword: string;
  devicesHint: string;
  thisDevice: string;
  unknownDevice: string;
  end: string;
  endConfirm: string;
  noOtherDevices: string;
  outsideTitle: string;
  outsideText: string;
  openInTelegram: string;
  testSignIn: string;
  testTitle: string;
  testHint: string;
  testIdHint: string;
  testBanner: string;
  testChange: string;
  testTelegramId: string;
  close: string;
  wrongCurrentPassword: string;
  replaceTitle: string;
  replaceHint: string;
  passwordRule: string;
  newPassword: string;
  save: string;
  weakPassword: string;
  members: Record<PasswordCode, string>;
  notices: Record<NoticeCode, { title: string; text: string }>;
}

/** Problems that a form cannot solve: they have a screen of their own. */
export type NoticeCode =
  | "init_data_missing"
  | "init_data_expired"
  | "init_data_invalid"
  | "telegram_account_mismatch"
  | "telegram_account_taken"
  | "password_expired"
  | "telegram_not_configured";

/** Problems that are shown in a form. */
export type FormCode =
  | "invalid_credentials"
  | "token_invalid"
  | "too_many_attempts"
  | "overloaded"
  | "unavailable"
  | "network"
  | "timeout"
  | "validation_failed";

/** Rules of members that the form of the sign-in can break. */
export type MemberCode = "phone_invalid" | "invalid";

/** Rules of a new password. */
export type PasswordCode =
  | "password_too_short"
  | "password_too_long"
  | "password_too_common"
  | "password_breached"
  | "password_personal"
  | "password_unchanged";
