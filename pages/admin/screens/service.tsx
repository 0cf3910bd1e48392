import { useState } from "preact/hooks";
import { fill } from "../../shared/text.js";
import { api, type Service, type ServiceSecret } from "../api.js";
import { Choice, Choices } from "../components/choice.js";
import { Creator } from "../components/creator.js";
import { Confirm } from "../components/dialog.js";
import { LoadError, Skeleton, Time } from "../components/status.js";
import { usePanel } from "../context.js";
import { useLoaded } from "../hooks.js";
import { useMoreTexts } from "../more_texts.js";
import { ServiceForm } from "./service_form.js";
import { Expiry, ValidUntil } from "./services.js";

/** One service credential: its data, its secrets, and what can be done with it. */
export function ServicePage({ id }: { id: string }) {
  const { client, texts } = usePanel();
  const service = useLoaded(() => api.getService(client, id), [id]);
  return (
    <>
      <p class="breadcrumb"><a href="#/services">‹ {texts.services}</a></p>
      {service.error ? <LoadError error={service.error} retry={service.reload} /> : null}
      {service.value ? <Content service={service.value} onChange={service.reload} /> : service.isLoading && <Skeleton />}
    </>
  );
}

interface Props {
  service: Service;
  onChange: () => void;
}

function Content({ service, onChange }: Props) {
  return (
    <>
      <header class="title"><h1>{service.name}</h1></header>
      <div class="columns">
        <div>
          <Details service={service} onChange={onChange} />
          <Secrets service={service} onChange={onChange} />
        </div>
        <Actions service={service} onChange={onChange} />
      </div>
    </>
  );
}

function Details({ service, onChange }: Props) {
  const { texts } = usePanel();
  const words = useMoreTexts().services;
  const [isEditing, setEditing] = useState(false);
  const { scopes, allowed_addresses: addresses, last_used_at } = service;
  return (
    <section class="card padded" aria-labelledby="details">
      <header class="title">
        <h2 id="details">{texts.details}</h2>
        <button type="button" class="link" onClick={() => setEditing(true)}>{texts.edit}</button>
      </header>
      <dl>
        <div>
          <dt>{words.scopes}</dt>
          <dd>{scopes.map((scope) => <p key={scope}><span class="mono">{scope}</span> <span class="note">{words.scopeHints[scope]}</span></p>)}</dd>
        </div>
        <div><dt>{words.addresses}</dt><dd>{addresses.length > 0 ? addresses.map((address) => <p key={address}>{address}</p>) : words.anyAddress}</dd></div>
        <div><dt>{words.expires}</dt><dd><Expiry service={service} /></dd></div>
        <div><dt>{words.lastUsed}</dt><dd>{last_used_at ? <Time value={last_used_at} /> : words.neverUsed}</dd></div>
        <div><dt>{words.created}</dt><dd><Time value={service.created_at} /></dd></div>
        <div><dt>{words.createdBy}</dt><dd><Creator id={service.created_by} /></dd></div>
        <div><dt>client_id</dt><dd class="mono">{service.id}</dd></div>
      </dl>
      {isEditing && <ServiceForm service={service} onClose={() => setEditing(false)} onSaved={onChange} />}
    </section>
  );
}

/** The valid secrets. One of two can be removed. */
function Secrets({ service, onChange }: Props) {
  const { client, texts, notify } = usePanel();
  const words = useMoreTexts().services;
  const [asked, setAsked] = useState<ServiceSecret | null>(null);
  const { id, secrets } = service;
  const remove = async (secret: ServiceSecret) => {
    await api.removeServiceSecret(client, id, secret.id);
    setAsked(null);
    notify(texts.saved);
    onChange();
  };
  return (
    <section class="card padded" aria-labelledby="secrets">
      <h2 id="secrets">{words.secrets}</h2>
      <p class="note">{words.secretsHint}</p>
      <ul class="devices">
        {[...secrets].reverse().map((secret) => (
          <Secret key={secret.id} secret={secret} onRemove={secrets.length > 1 && (() => setAsked(secret))} />
        ))}
      </ul>
      {asked && <Confirm action={words.removeSecret} name={`…${asked.hint}`} isDanger onClose={() => setAsked(null)} run={() => remove(asked)} />}
    </section>
  );
}

function Secret({ secret, onRemove }: { secret: ServiceSecret; onRemove: (() => void) | false }) {
  const words = useMoreTexts().services;
  const { hint, created_at, expires_at, last_used_at } = secret;
  return (
    <li>
      <span>
        <b class="mono">…{hint}</b>{" "}
        {expires_at ? <span class="badge"><ValidUntil time={expires_at} /></span> : <span class="badge good">{words.newest}</span>}
        <span class="note">
          {words.created}: <Time value={created_at} /> · {words.lastUsed}: {last_used_at ? <Time value={last_used_at} /> : words.neverUsed}
        </span>
      </span>
      {onRemove && (
        <button type="button" class="link danger" aria-label={fill(words.removeSecretOf, { name: `…${hint}` })} onClick={onRemove}>{words.removeSecret.button}</button>
      )}
    </li>
  );
}

type Action = "rotate" | "remove";

const A_DAY = 24 * 3600;

function Actions({ service, onChange }: Props) {
  const { client, texts, reveal, notify } = usePanel();
  const words = useMoreTexts().services;
  const [action, setAction] = useState<Action | null>(null);
  const [keeps, setKeeps] = useState(true);
  const { id, name } = service;
  const ask = (action: Action) => {
    setKeeps(true);
    setAction(action);
  };
  const close = () => setAction(null);
  const rotate = async () => {
    const { secret } = await api.rotateServiceSecret(client, id, keeps ? A_DAY : 0);
    reveal({ kind: "service", name, login: `client_id ${id}`, password: secret });
    close();
    onChange();
  };
  const remove = async () => {
    await api.deleteService(client, id);
    notify(texts.saved);
    location.replace("#/services");
  };
  return (
    <section class="card" aria-label={texts.actions}>
      <ul class="actions">
        <li><button type="button" class="item" onClick={() => ask("rotate")}>{words.rotate.button}</button></li>
        <li><button type="button" class="item danger" onClick={() => ask("remove")}>{words.remove.button}</button></li>
      </ul>
      {action === "rotate" && (
        <Confirm action={words.rotate} name={name} onClose={close} run={rotate} render={() => (
          <Choices label={words.previousSecret}>
            <Choice group="previous" label={words.keepPrevious} hint={words.keepPreviousHint} isChecked={keeps} onChange={() => setKeeps(true)} />
            <Choice group="previous" label={words.endPrevious} hint={words.endPreviousHint} isChecked={!keeps} onChange={() => setKeeps(false)} />
            {keeps && service.secrets.length > 1 && <p>{words.replacesOldest}</p>}
          </Choices>
        )} />
      )}
      {action === "remove" && <Confirm action={words.remove} name={name} isDanger onClose={close} run={remove} />}
    </section>
  );
}
