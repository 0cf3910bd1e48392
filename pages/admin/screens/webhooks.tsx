import { useState } from "preact/hooks";
import { LoadError, Skeleton, Time } from "../components/status.js";
import { usePanel } from "../context.js";
import { useMoreTexts } from "../more_texts.js";
import { webhookLink } from "../router.js";
import type { WebhookTexts } from "../texts/texts.js";
import { needsAttention, type Webhook, type WebhookTest } from "../webhooks.js";
import { WebhookForm } from "./webhook_form.js";

/** Addresses to which the server sends events. */
export function Webhooks() {
  const { texts, webhooks } = usePanel();
  const words = useMoreTexts().webhooks;
  const [isCreating, setCreating] = useState(false);
  const { value: items, error } = webhooks;
  return (
    <>
      <header class="title">
        <h1>{texts.webhooks}</h1>
        <span class="count">{items?.length}</span>
        <button type="button" class="primary" onClick={() => setCreating(true)}>{words.create}</button>
      </header>
      <p class="lead">{words.hint}</p>
      {error ? <LoadError error={error} retry={webhooks.reload} /> : null}
      {!items && !error && <Skeleton rows={3} />}
      {items?.length === 0 && <div class="empty"><p>{words.empty}</p><p class="note">{words.emptyHint}</p></div>}
      {items && items.length > 0 && <Rows webhooks={items} />}
      {isCreating && <WebhookForm onClose={() => setCreating(false)} onSaved={webhooks.reload} />}
    </>
  );
}

function Rows({ webhooks }: { webhooks: Webhook[] }) {
  const { texts } = usePanel();
  const words = useMoreTexts().webhooks;
  return (
    <div class="card table webhooks">
      <div class="row head" aria-hidden="true">
        <span>{words.url}</span>
        <span>{words.types}</span>
        <span>{texts.state}</span>
        <span>{words.lastSuccess}</span>
        <span>{words.lastError}</span>
        <span>{words.pending}</span>
      </div>
      <ul>{webhooks.map((webhook) => <li key={webhook.id}><Row webhook={webhook} /></li>)}</ul>
    </div>
  );
}

function Row({ webhook }: { webhook: Webhook }) {
  const words = useMoreTexts().webhooks;
  const { id, url, description, types, last_success_at, last_error, pending } = webhook;
  return (
    <a class="row" href={webhookLink(id)}>
      <span><b>{url}</b>{description && <span class="note">{description}</span>}</span>
      <span class="hint"><Label text={words.types} />{types.length > 0 ? <span class="mono">{types.join(", ")}</span> : words.allTypes}</span>
      <span><WebhookBadge webhook={webhook} /> <WebhookState webhook={webhook} /></span>
      <span class="hint"><Label text={words.lastSuccess} />{last_success_at ? <Time value={last_success_at} /> : words.neverDelivered}</span>
      <span class="hint"><Label text={words.lastError} />{last_error ? <LastError error={last_error} /> : words.noError}</span>
      <span class="hint"><Label text={words.pending} />{pending}</span>
    </a>
  );
}

const Label = ({ text }: { text: string }) => <span class="only-card">{text}: </span>;

/** The state in a word. */
export function WebhookBadge({ webhook }: { webhook: Webhook }) {
  const words = useMoreTexts().webhooks;
  if (webhook.state === "disabled") return <span class={needsAttention(webhook) ? "badge bad" : "badge"}>{words.disabled}</span>;
  return webhook.failing_since ? <span class="badge bad">{words.failing}</span> : <span class="badge good">{words.enabled}</span>;
}

/** Why the webhook is disabled, or since when it fails. */
export function WebhookState({ webhook: { disabled_reason, disabled_at, failing_since } }: { webhook: Webhook }) {
  const words = useMoreTexts().webhooks;
  if (disabled_reason) return <span class="note">{words.disabledReasons[disabled_reason] ?? disabled_reason}{disabled_at && <>, <Time value={disabled_at} /></>}</span>;
  return failing_since ? <span class="note">{words.since} <Time value={failing_since} /></span> : null;
}

/** The last failed attempt and its time. */
export function LastError({ error }: { error: NonNullable<Webhook["last_error"]> }) {
  return <>{errorText(useMoreTexts().webhooks, error)}, <Time value={error.at} /></>;
}

/** Returns the reason of a failed attempt, with the status of a response. */
export function errorText(words: WebhookTexts, { reason, status }: Pick<WebhookTest, "reason" | "status">): string {
  return [reason && (words.errorReasons[reason] ?? reason), status].filter(Boolean).join(" ");
}
