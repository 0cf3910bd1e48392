import { useEffect, useId, useState } from "preact/hooks";
import { startOfDay } from "../../shared/date.js";
import { fill } from "../../shared/text.js";
import { api } from "../api.js";
import { Events } from "../components/events.js";
import { Select } from "../components/field.js";
import { usePanel } from "../context.js";
import { useLoaded } from "../hooks.js";
import { replaceQuery } from "../router.js";
import type { Action } from "../texts/texts.js";

/** Audit events of all users. */
export function Audit({ query }: { query: URLSearchParams }) {
  const { texts } = usePanel();
  const [action, setAction] = useState(query.get("action") ?? "");
  const [user, setUser] = useState(query.get("user") ?? "");
  const [since, setSince] = useState(query.get("since") ?? "");
  const [until, setUntil] = useState(query.get("until") ?? "");
  useEffect(() => replaceQuery("audit", { action, user, since, until }), [action, user, since, until]);
  const actions = Object.keys(texts.actionNames) as Action[];
  const from = startOfDay(since, 0);
  const to = startOfDay(until, 1);
  const filter = { ...(action && { action }), ...(user && { user }), ...(from && { from }), ...(to && { to }) };
  return (
    <>
      <header class="title"><h1>{texts.audit}</h1></header>
      <div class="filters">
        <Select label={texts.what} isLabelHidden value={action} onChange={setAction}
          options={[["", texts.anyAction], ...actions.map((action) => [action, texts.actionNames[action]] as const)]} />
        <DateField label={texts.sinceDate} value={since} max={until} onInput={setSince} />
        <DateField label={texts.untilDate} value={until} min={since} onInput={setUntil} />
        {user ? <Chip id={user} onRemove={() => setUser("")} /> : <FindUser onFind={setUser} />}
      </div>
      <Events filter={filter} />
    </>
  );
}

interface DateProps {
  label: string;
  value: string;
  min?: string;
  max?: string;
  onInput: (value: string) => void;
}

function DateField({ label, onInput, ...attributes }: DateProps) {
  const id = useId();
  return (
    <div class="field date">
      <label for={id}>{label}</label>
      <input id={id} type="date" onInput={(event) => onInput(event.currentTarget.value)} {...attributes} />
    </div>
  );
}

function Chip({ id, onRemove }: { id: string; onRemove: () => void }) {
  const { client, texts } = usePanel();
  const user = useLoaded(() => api.getUser(client, id), [id]);
  const name = user.value?.full_name ?? (user.isLoading ? "…" : texts.unknownUser);
  return (
    <button type="button" class="secondary chip" onClick={onRemove}>
      {fill(texts.onlyUser, { name })} <span aria-hidden="true">✕</span>
    </button>
  );
}

function FindUser({ onFind }: { onFind: (id: string) => void }) {
  const { client, texts } = usePanel();
  const [q, setQ] = useState("");
  const found = useLoaded(async () => {
    if (q.trim().length < 2) return [];
    await new Promise((resolve) => setTimeout(resolve, 300));
    return (await api.searchUsers(client, { q: q.trim(), limit: 6 })).items;
  }, [q]);
  return (
    <div class="field search">
      <label for="find-user" class="hidden">{texts.search}</label>
      <input id="find-user" type="search" placeholder={texts.searchHint} maxLength={100} autocomplete="off"
        value={q} onInput={(event) => setQ(event.currentTarget.value)} />
      {q && found.value && found.value.length > 0 && (
        <ul class="suggestions">
          {found.value.map((user) => (
            <li key={user.id}>
              <button type="button" class="item" onClick={() => onFind(user.id)}>
                {user.full_name} <span class="hint">{user.phone ?? user.email}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
