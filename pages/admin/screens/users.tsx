import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { fill } from "../../shared/text.js";
import { api, type User, type UserFilter } from "../api.js";
import { Select } from "../components/field.js";
import { LoadError, Skeleton, StateBadges, Time } from "../components/status.js";
import { usePanel } from "../context.js";
import { exportUsers } from "../export.js";
import { useDebounced, usePaged } from "../hooks.js";
import { plural } from "../plural.js";
import { problemText } from "../problems.js";
import { replaceQuery, userLink } from "../router.js";
import { CreateUser } from "./create_user.js";

const SEARCH_DELAY = 300;

/** All users, with search and filters. */
export function Users({ query }: { query: URLSearchParams }) {
  const { client, language, texts } = usePanel();
  const [filter, setFilter] = useState(() => ({
    q: query.get("q") ?? "",
    role: query.get("role") ?? "",
    active: query.get("active") ?? "",
    signedIn: query.get("signed_in") ?? "",
    linked: query.get("linked") ?? "",
  }));
  const [isCreating, setCreating] = useState(false);
  const [version, setVersion] = useState(0);
  const q = useDebounced(filter.q.trim(), SEARCH_DELAY);
  const request: UserFilter = {
    ...(q && { q }),
    ...(filter.role && { role: filter.role as "admin" | "employee" }),
    ...(filter.active && { is_active: filter.active === "yes" }),
    ...(filter.signedIn && { has_signed_in: filter.signedIn === "yes" }),
    ...(filter.linked && { is_linked: filter.linked === "yes" }),
  };
  const key = JSON.stringify(request);
  const list = usePaged(
    (cursor) => api.searchUsers(client, { ...request, limit: 50, ...(cursor ? { cursor } : { include_total: true }) }),
    [key, version],
  );
  useEffect(
    () => {
      const { role, active, signedIn: signed_in, linked } = filter;
      replaceQuery("users", { q, role, active, signed_in, linked });
    },
    [key],
  );
  const set = (change: Partial<typeof filter>) => setFilter({ ...filter, ...change });
  const clear = () => setFilter({ q: "", role: "", active: "", signedIn: "", linked: "" });
  const isFiltered = key !== "{}";
  const total = list.first?.total;
  const count = total === undefined ? "" : plural(language, texts.usersCount, total);
  return (
    <>
      <header class="title">
        <h1>{texts.users}</h1>
        <span class="count" role="status">
          {list.first?.total_is_minimum ? fill(texts.atLeast, { text: count }) : count}
        </span>
        <a class="secondary" href="#/import">{texts.import.link}</a>
        <Export />
        <button type="button" class="primary" onClick={() => setCreating(true)}>{texts.createUser}</button>
      </header>
      <div class="filters">
        <Search value={filter.q} onInput={(q) => set({ q })} />
        <Select label={texts.role} isLabelHidden value={filter.role} onChange={(role) => set({ role })}
          options={[["", texts.anyRole], ["employee", texts.roles.employee], ["admin", texts.roles.admin]]} />
        <Select label={texts.state} isLabelHidden value={filter.active} onChange={(active) => set({ active })}
          options={[["", texts.anyState], ["yes", texts.active], ["no", texts.inactive]]} />
        <Select label={texts.lastSignIn} isLabelHidden value={filter.signedIn} onChange={(signedIn) => set({ signedIn })}
          options={[["", texts.anySignIn], ["yes", texts.hasSignedIn], ["no", texts.neverSignedIn]]} />
        <Select label={texts.telegram} isLabelHidden value={filter.linked} onChange={(linked) => set({ linked })}
          options={[["", texts.anyTelegram], ["yes", texts.telegramLinked], ["no", texts.telegramNotLinked]]} />
      </div>
      {list.error ? <LoadError error={list.error} retry={() => setVersion(version + 1)} /> : null}
      {list.items.length > 0 && <Rows users={list.items} isStale={list.isLoading} />}
      {list.isLoading && list.items.length === 0 && <Skeleton />}
      {!list.isLoading && !list.error && list.items.length === 0 && (
        <div class="empty">
          <p>{isFiltered ? texts.noMatches : texts.noUsers}</p>
          {isFiltered
            ? <button type="button" class="secondary" onClick={clear}>{texts.clearFilters}</button>
            : <p class="note">{texts.noUsersHint}</p>}
        </div>
      )}
      {list.hasMore && (
        <button type="button" class="secondary more" disabled={list.isLoading} onClick={list.loadMore}>{texts.more}</button>
      )}
      {isCreating && <CreateUser onClose={() => setCreating(false)} onCreated={() => setVersion((version) => version + 1)} />}
    </>
  );
}

function Search({ value, onInput }: { value: string; onInput: (value: string) => void }) {
  const { texts } = usePanel();
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || document.querySelector("dialog")) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);
  return (
    <div class="field search">
      <label for="search" class="hidden">{texts.search}</label>
      <input id="search" ref={input} type="search" maxLength={100} placeholder={texts.searchHint} aria-keyshortcuts="/"
        value={value} onInput={(event) => onInput(event.currentTarget.value)} />
    </div>
  );
}

function Rows({ users, isStale }: { users: User[]; isStale: boolean }) {
  const { texts } = usePanel();
  return (
    <div class={isStale ? "card table stale" : "card table"}>
      <div class="row head" aria-hidden="true">
        <span>{texts.name}</span>
        <span>{texts.phone}, {texts.email}</span>
        <span>{texts.role}</span>
        <span>{texts.state}</span>
        <span>{texts.telegram}</span>
        <span>{texts.lastSignIn}</span>
      </div>
      <ul>
        {users.map((user) => <li key={user.id}><Row user={user} /></li>)}
      </ul>
    </div>
  );
}

function Row({ user }: { user: User }) {
  const { texts } = usePanel();
  const telegram = user.telegram_username ? `@${user.telegram_username}` : user.telegram_id;
  return (
    <a class="row" href={userLink(user.id)}>
      <b>{user.full_name}</b>
      <span class="contacts">{[user.phone, user.email].filter(Boolean).map((text) => <span key={text}>{text}</span>)}</span>
      <span class={user.role === "admin" ? "role admin" : "role"}>{texts.roles[user.role]}</span>
      <StateBadges user={user} />
      <span class={telegram ? "hint telegram" : "hint telegram none"}>{telegram ?? texts.notLinked}</span>
      <span class="hint sign-in">
        <span class="only-card">{texts.lastSignIn}: </span>
        {user.last_login_at ? <Time value={user.last_login_at} /> : texts.never}
      </span>
    </a>
  );
}

function Export() {
  const { client, texts, notify } = usePanel();
  const [isBusy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    await exportUsers(client).catch((error) => notify(problemText(texts, error)));
    setBusy(false);
  };
  return (
    <button type="button" class="secondary" disabled={isBusy} aria-busy={isBusy} onClick={() => void run()}>
      {texts.exportAll}
    </button>
  );
}
