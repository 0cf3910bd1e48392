import { useState } from "preact/hooks";
import { fill } from "../../shared/text.js";
import { api, type AuditEvent } from "../api.js";
import { usePanel } from "../context.js";
import { usePaged } from "../hooks.js";
import { serviceLink, userLink, webhookLink } from "../router.js";
import { hostOf } from "../webhooks.js";
import { LoadError, Skeleton, Time } from "./status.js";

const ALARMS = ["token_reuse_detected", "sign_in_closed", "telegram_mismatch", "telegram_taken", "wrong_password_sign_out", "bootstrap_refused", "sign_in_failed", "second_factor_failed", "passkey_copied"];

/** Actions whose service is the one that was affected, not the actor. */
const OF_SERVICES = ["service_created", "service_updated", "service_secret_rotated", "service_secret_removed", "service_deleted"];

interface Props {
  filter: { user?: string; action?: string; from?: string; to?: string };
  limit?: number;
}

/** Audit events, newest first. */
export function Events({ filter, limit = 50 }: Props) {
  const { client, texts } = usePanel();
  const [version, setVersion] = useState(0);
  const list = usePaged(
    (cursor) => api.audit(client, { ...filter, limit: String(limit), cursor }),
    [JSON.stringify(filter), version],
  );
  if (list.error) return <LoadError error={list.error} retry={() => setVersion(version + 1)} />;
  if (list.items.length === 0) {
    return list.isLoading ? <Skeleton rows={4} /> : <div class="empty"><p>{texts.noEvents}</p></div>;
  }
  return (
    <>
      <div class="card table events">
        <div class="row head" aria-hidden="true">
          <span>{texts.when}</span><span>{texts.what}</span><span>{texts.who}</span><span>{texts.where}</span>
        </div>
        <ul>{list.items.map((event) => <li key={event.id}><Event event={event} of={filter.user} /></li>)}</ul>
      </div>
      {list.hasMore && (
        <button type="button" class="secondary more" disabled={list.isLoading} onClick={list.loadMore}>{texts.more}</button>
      )}
    </>
  );
}

/** `of` is the user whose events are listed: the list does not repeat the name. */
function Event({ event, of }: { event: AuditEvent; of: string | undefined }) {
  const { texts } = usePanel();
  const { actor_id, subject_id, service_id, changes } = event;
  const service = service_id && <ServiceName event={event} id={service_id} />;
  const isAffected = OF_SERVICES.includes(event.action);
  const hasActor = !!actor_id || (!!service_id && !isAffected);
  const hasSubject = !!subject_id && subject_id !== actor_id && subject_id !== of;
  const action = texts.actionNames[event.action] ?? event.action;
  return (
    <div class="row">
      <span class="hint"><Time value={event.at} /></span>
      <span>
        <b class={ALARMS.includes(event.action) ? "danger" : ""}>{action}</b>
        {changes && changes.length > 0 && <span class="note">{fill(texts.changed, { list: changes.join(", ") })}</span>}
      </span>
      <span>
        {actor_id && actor_id !== of && <Person id={actor_id} name={event.actor_name} />}
        {!isAffected && service}
        {!hasActor && !subject_id && <span class="hint">{texts.commandLine}</span>}
        {hasSubject && <>{hasActor && " → "}<Person id={subject_id} name={event.subject_name} /></>}
        {isAffected && service && <> → {service}</>}
        {event.webhook_id && <> → <WebhookName id={event.webhook_id} /></>}
      </span>
      <span class="hint mono">{event.address}</span>
    </div>
  );
}

function ServiceName({ event, id }: { event: AuditEvent; id: string }) {
  const name = event.service_name ?? id;
  return event.action === "service_deleted" ? <>{name}</> : <a href={serviceLink(id)}>{name}</a>;
}

/** A webhook by its host, with a link; without one that exists, its id. */
function WebhookName({ id }: { id: string }) {
  const { webhooks } = usePanel();
  const webhook = webhooks.value?.find((webhook) => webhook.id === id);
  return webhook ? <a href={webhookLink(id)}>{hostOf(webhook.url)}</a> : <span class="hint mono">{id}</span>;
}

/** A user by name, with a link. */
export function Person({ id, name }: { id: string; name: string | null | undefined }) {
  const { texts } = usePanel();
  return name ? <a href={userLink(id)}>{name}</a> : <span class="hint" title={id}>{texts.unknownUser}</span>;
}
