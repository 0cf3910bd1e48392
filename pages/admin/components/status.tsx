import { exactTime, shortTime } from "../../shared/date.js";
import type { User } from "../api.js";
import { usePanel } from "../context.js";
import { problemText } from "../problems.js";

/** A failed load, with a button that repeats it. */
export function LoadError({ error, retry, onCancel }: { error: unknown; retry: () => void; onCancel?: () => void }) {
  const { texts } = usePanel();
  return (
    <div class="empty" role="alert">
      <p class="error">{problemText(texts, error)}</p>
      <button type="button" class="secondary" onClick={retry}>{texts.retry}</button>
      {onCancel && <button type="button" class="link" onClick={onCancel}>{texts.cancel}</button>}
    </div>
  );
}

/** Grey rows in place of a list that loads. */
export function Skeleton({ rows = 6 }: { rows?: number }) {
  const { texts } = usePanel();
  return (
    <div class="skeleton" role="status">
      <span class="hidden">{texts.loading}</span>
      {Array.from({ length: rows }, (_, i) => <div key={i} />)}
    </div>
  );
}

/** A time in the viewer's zone; the exact one on hover. */
export function Time({ value }: { value: string }) {
  const { language } = usePanel();
  return <time dateTime={value} title={exactTime(language, value)}>{shortTime(language, value)}</time>;
}

export function StateBadges({ user }: { user: User }) {
  const { texts } = usePanel();
  return (
    <span class="badges">
      <span class={user.is_active ? "badge good" : "badge bad"}>{user.is_active ? texts.active : texts.inactive}</span>
      {user.password_change_required && <span class="badge">{texts.mustChange}</span>}
    </span>
  );
}
