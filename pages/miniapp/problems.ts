import type { MemberError } from "../client/divan.js";
import type { DivanError } from "../client/error.js";
import { fill } from "../shared/text.js";
import type { App } from "./app.js";
import type { NoticeCode, Texts } from "./texts/texts.js";

const NOTICES: readonly NoticeCode[] = [
  "init_data_missing",
  "init_data_expired",
  "init_data_invalid",
  "telegram_account_mismatch",
  "telegram_account_taken",
  "password_expired",
  "telegram_not_configured",
];

/** Whether a problem has a screen of its own. */
export function isNotice(code: string): code is NoticeCode {
  return (NOTICES as readonly string[]).includes(code);
}

/** Returns the sentence for a problem, with the id of the request for unknown ones. */
export function problemText(texts: Texts, error: DivanError): string {
  const known = (texts.problems as Record<string, string | undefined>)[error.code];
  if (known) return known;
  const id = error.requestId ? ` ${fill(texts.requestId, { id: error.requestId })}` : "";
  return texts.failed + id;
}

/** Returns the sentence for an invalid member. */
export function memberText({ texts, more }: App, error: MemberError, example: string): string {
  const rules: Record<string, string | undefined> = { ...more.members, ...texts.members };
  const text = rules[error.code];
  return fill(text ?? texts.members.invalid, { example, ...error.params });
}

/** Shows the screen of a problem that the user solves outside this page. */
export function openNotice(app: App, code: NoticeCode): void {
  void app.open(({ notice }) => notice(code));
}
