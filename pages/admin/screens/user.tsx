import { useState } from "preact/hooks";
import { exactTime } from "../../shared/date.js";
import { fill } from "../../shared/text.js";
import { api, type SecondFactor, type User } from "../api.js";
import { Devices, sessionItem } from "../components/devices.js";
import { Events } from "../components/events.js";
import { SecondFactorBadge, SecondFactorFacts } from "../components/second_factor.js";
import { LoadError, Skeleton, StateBadges, Time } from "../components/status.js";
import { usePanel } from "../context.js";
import { type Loaded, useLoaded } from "../hooks.js";
import { EditUser } from "./edit_user.js";
import { UserActions } from "./user_actions.js";

/** One user: data, second factor, sessions, failed sign-ins, actions and audit events. */
export function UserPage({ id }: { id: string }) {
  const { client, texts } = usePanel();
  const user = useLoaded(() => api.getUser(client, id), [id]);
  const [version, setVersion] = useState(0);
  const reload = () => {
    user.reload();
    setVersion((version) => version + 1);
  };
  return (
    <>
      <p class="breadcrumb"><a href="#/users">‹ {texts.users}</a></p>
      {user.error ? <LoadError error={user.error} retry={user.reload} /> : null}
      {user.value ? <Content user={user.value} version={version} onChange={reload} /> : user.isLoading && <Skeleton />}
    </>
  );
}

function Content({ user, version, onChange }: { user: User; version: number; onChange: () => void }) {
  const { client, texts, language, promotions, user: self } = usePanel();
  const waits = promotions.value?.find((promotion) => promotion.user.id === user.id);
  const isSelf = self?.id === user.id;
  const isAdmin = user.role === "admin";
  const secondFactor = useLoaded(async () => isAdmin ? api.secondFactorOf(client, user.id) : null, [user.id, isAdmin, version]);
  return (
    <>
      <header class="title">
        <h1>{user.full_name}</h1>
        <StateBadges user={user} />
      </header>
      {isSelf && <p class="lead">{texts.ownAccount}</p>}
      {waits && <p class="lead"><a href="#/approvals">{fill(texts.approvals.waits, { time: exactTime(language, waits.expires_at) })}</a></p>}
      <div class="columns">
        <div>
          <Details user={user} onChange={onChange} />
          {isAdmin && <SecondFactorOf state={secondFactor} />}
          <Sessions key={`sessions-${version}`} user={user} />
          <FailedSignIns key={`failed-${version}`} user={user} />
        </div>
        <UserActions user={user} isSelf={isSelf} hasSecondFactor={!!secondFactor.value?.is_enabled} onChange={onChange} />
      </div>
      <section aria-labelledby="user-audit">
        <h2 id="user-audit">{texts.userAudit}</h2>
        <Events key={`events-${version}`} filter={{ user: user.id }} limit={20} />
      </section>
    </>
  );
}

function Details({ user, onChange }: { user: User; onChange: () => void }) {
  const { texts } = usePanel();
  const [isEditing, setEditing] = useState(false);
  const telegram = user.telegram_username ? `@${user.telegram_username} (${user.telegram_id})` : user.telegram_id;
  const metadata = Object.keys(user.metadata ?? {}).length > 0 && JSON.stringify(user.metadata, null, 2);
  return (
    <section class="card padded" aria-labelledby="details">
      <header class="title">
        <h2 id="details">{texts.details}</h2>
        <button type="button" class="link" onClick={() => setEditing(true)}>{texts.edit}</button>
      </header>
      <dl>
        <Fact label={texts.role} value={texts.roles[user.role]} />
        <Fact label={texts.phone} value={user.phone} />
        <Fact label={texts.email} value={user.email} />
        <Fact label={texts.telegram} value={telegram ?? texts.notLinked} />
        <Fact label={texts.externalId} value={user.external_id} />
        <div><dt>{texts.lastSignIn}</dt><dd>{user.last_login_at ? <Time value={user.last_login_at} /> : texts.never}</dd></div>
        <div><dt>{texts.createdAt}</dt><dd><Time value={user.created_at} /></dd></div>
        <div><dt>{texts.updatedAt}</dt><dd><Time value={user.updated_at} /></dd></div>
        <div><dt>id</dt><dd class="mono">{user.id}</dd></div>
        {metadata && <div><dt>{texts.metadata}</dt><dd><pre tabIndex={0}>{metadata}</pre></dd></div>}
      </dl>
      {isEditing && <EditUser user={user} onClose={() => setEditing(false)} onSaved={onChange} />}
    </section>
  );
}

function Fact({ label, value }: { label: string; value: string | number | undefined }) {
  return value === undefined ? null : <div><dt>{label}</dt><dd>{value}</dd></div>;
}

function SecondFactorOf({ state }: { state: Loaded<SecondFactor | null> }) {
  const { texts } = usePanel();
  return (
    <section class="card padded" aria-labelledby="second-factor">
      <header class="title">
        <h2 id="second-factor">{texts.secondFactor.title}</h2>
        {state.value && <SecondFactorBadge isOn={state.value.is_enabled} />}
      </header>
      <SecondFactorFacts state={state} />
    </section>
  );
}

function Sessions({ user }: { user: User }) {
  const { client, texts } = usePanel();
  const sessions = useLoaded(async () => (await api.userSessions(client, user.id)).items, [user.id]);
  return <Devices title={texts.sessions} empty={texts.noSessions} loaded={sessions} items={sessions.value?.map(sessionItem)} />;
}

function FailedSignIns({ user }: { user: User }) {
  const { client, texts } = usePanel();
  const failed = useLoaded(() => api.failedSignIns(client, user.id), [user.id]);
  if (!failed.value) return null;
  const { trusted, untrusted, is_trusted_refused, is_untrusted_refused } = failed.value;
  const line = (label: string, n: number, isRefused: boolean) => (
    <div>
      <dt>{label}</dt>
      <dd>{n} <span class={isRefused ? "badge bad" : "badge"}>{isRefused ? texts.refused : texts.notRefused}</span></dd>
    </div>
  );
  return (
    <section class="card padded" aria-labelledby="failed">
      <h2 id="failed">{texts.security}</h2>
      <dl>
        {line(texts.failedTrusted, trusted, is_trusted_refused)}
        {line(texts.failedUntrusted, untrusted, is_untrusted_refused)}
      </dl>
    </section>
  );
}
