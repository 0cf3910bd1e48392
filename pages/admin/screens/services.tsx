import { useState } from "preact/hooks";
import { exactTime, shortTime } from "../../shared/date.js";
import { fill } from "../../shared/text.js";
import { api, type Service } from "../api.js";
import { LoadError, Skeleton, Time } from "../components/status.js";
import { usePanel } from "../context.js";
import { useLoaded } from "../hooks.js";
import { useMoreTexts } from "../more_texts.js";
import { serviceLink } from "../router.js";
import { ServiceForm } from "./service_form.js";

/** Credentials of other services. */
export function Services() {
  const { client, texts } = usePanel();
  const words = useMoreTexts().services;
  const [isCreating, setCreating] = useState(false);
  const list = useLoaded(async () => (await api.services(client)).items, []);
  const { value: items, error } = list;
  return (
    <>
      <header class="title">
        <h1>{texts.services}</h1>
        <span class="count">{items?.length}</span>
        <button type="button" class="primary" onClick={() => setCreating(true)}>{words.create}</button>
      </header>
      <p class="lead">{words.hint}</p>
      {error ? <LoadError error={error} retry={list.reload} /> : null}
      {!items && !error && <Skeleton rows={3} />}
      {items?.length === 0 && <div class="empty"><p>{words.empty}</p><p class="note">{words.emptyHint}</p></div>}
      {items && items.length > 0 && <Rows services={items} isStale={list.isLoading} />}
      {isCreating && <ServiceForm onClose={() => setCreating(false)} onSaved={list.reload} />}
    </>
  );
}

function Rows({ services, isStale }: { services: Service[]; isStale: boolean }) {
  const words = useMoreTexts().services;
  return (
    <div class={isStale ? "card table services stale" : "card table services"}>
      <div class="row head" aria-hidden="true">
        <span>{words.name}</span>
        <span>{words.scopes}</span>
        <span>{words.addresses}</span>
        <span>{words.secrets}</span>
        <span>{words.lastUsed}</span>
        <span>{words.expires}</span>
      </div>
      <ul>{services.map((service) => <li key={service.id}><Row service={service} /></li>)}</ul>
    </div>
  );
}

function Row({ service }: { service: Service }) {
  const words = useMoreTexts().services;
  const { id, name, scopes, allowed_addresses: addresses, last_used_at } = service;
  return (
    <a class="row" href={serviceLink(id)}>
      <b>{name}</b>
      <span class="mono">{scopes.join(", ")}</span>
      <span class="hint"><Label text={words.addresses} />{addresses.length > 0 ? addresses.join(", ") : words.anyAddress}</span>
      <span><Label text={words.secrets} /><Secrets service={service} /></span>
      <span class="hint"><Label text={words.lastUsed} />{last_used_at ? <Time value={last_used_at} /> : words.neverUsed}</span>
      <span class="hint"><Label text={words.expires} /><Expiry service={service} /></span>
    </a>
  );
}

const Label = ({ text }: { text: string }) => <span class="only-card hint">{text}: </span>;

/** The valid secrets; during a rotation, the time at which the previous one ends. */
function Secrets({ service: { secrets } }: { service: Service }) {
  return (
    <span class="contacts">
      {secrets.map(({ id, hint, expires_at }) => (
        <span key={id}>
          <span class="mono">…{hint}</span>
          {expires_at && <span class="note"><ValidUntil time={expires_at} /></span>}
        </span>
      ))}
    </span>
  );
}

/** The expiry of a replaced secret; the exact time on hover. */
export function ValidUntil({ time }: { time: string }) {
  const { language } = usePanel();
  const text = fill(useMoreTexts().services.validUntil, { time: shortTime(language, time) });
  return <span title={exactTime(language, time)}>{text}</span>;
}

/** The expiry of a credential. */
export function Expiry({ service: { expires_at } }: { service: Service }) {
  const words = useMoreTexts().services;
  if (!expires_at) return <>{words.noExpiry}</>;
  const isExpired = Date.parse(expires_at) <= Date.now();
  return <><Time value={expires_at} /> {isExpired && <span class="badge bad">{words.expired}</span>}</>;
}
