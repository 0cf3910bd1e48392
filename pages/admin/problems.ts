import { DivanError } from "../client/error.js";
import { fill } from "../shared/text.js";
import type { Texts } from "./texts/texts.js";

/** Returns the sentence for a failed call. */
export function problemText(texts: Texts, cause: unknown): string {
  const error = cause instanceof DivanError ? cause : new DivanError("internal");
  const known = (texts.problems as Record<string, string | undefined>)[error.code];
  if (known) return known;
  const id = error.requestId ? ` ${fill(texts.requestId, { id: error.requestId })}` : "";
  return texts.failed + id;
}

/** Returns the sentences for the invalid members of a request, by their name. */
export function memberTexts(texts: Texts, cause: unknown): Record<string, string> {
  const errors = cause instanceof DivanError ? cause.errors : [];
  const members = texts.members as Record<string, string | undefined>;
  return Object.fromEntries(
    errors.map(({ pointer, code, params }) => [
      pointer.slice(1),
      fill(members[code] ?? texts.members.invalid, { ...params }),
    ]),
  );
}
