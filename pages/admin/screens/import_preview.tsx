import type { ImportedChange, ImportedUser, ImportLineError, ImportPreview } from "../api.js";
import { Capped } from "../components/capped.js";
import { usePanel } from "../context.js";
import type { ImportJob } from "../import/job.js";
import { plural } from "../plural.js";
import { userLink } from "../router.js";
import type { Role, Texts } from "../texts/texts.js";

/** What the import would do, or the errors of all lines. */
export function Preview({ job, preview }: { job: ImportJob; preview: ImportPreview }) {
  const { texts, language } = usePanel();
  const { errors, new_users, changes, unchanged, generated_passwords } = preview;
  const words = texts.import;
  if (errors.length > 0) return <Errors errors={errors} />;
  const count = new_users.length + changes.length;
  const facts: [string, number][] = [
    [words.newUsers, new_users.length],
    [words.generated, generated_passwords],
    [words.changes, changes.length],
    [words.unchanged, unchanged],
  ];
  return (
    <>
      <dl class="facts">
        {facts.map(([label, n]) => <div key={label}><dt>{label}</dt><dd>{n.toLocaleString("ru")}</dd></div>)}
      </dl>
      <div class="buttons">
        <button type="button" class="primary" disabled={count === 0} onClick={() => void job.run()}>
          {count === 0 ? words.nothing : plural(language, words.confirm, count)}
        </button>
        <button type="button" class="secondary" onClick={job.reset}>{texts.cancel}</button>
      </div>
      {changes.length > 0 && <Changes changes={changes} />}
      {new_users.length > 0 && <NewUsers users={new_users} />}
    </>
  );
}

function Errors({ errors }: { errors: ImportLineError[] }) {
  const { texts, language } = usePanel();
  const words = texts.import;
  return (
    <section aria-labelledby="import-errors">
      <h2 id="import-errors" class="danger">{plural(language, words.errorsCount, errors.length)}</h2>
      <p class="lead">{words.errorsHint}</p>
      <table class="card list">
        <thead><tr><th>{words.line}</th><th>{words.column}</th><th>{words.error}</th></tr></thead>
        <Capped items={errors}>
          {({ line, column, message }, i) => (
            <tr key={i}><td>{line ?? "—"}</td><td class="mono">{column ?? "—"}</td><td lang="en">{message}</td></tr>
          )}
        </Capped>
      </table>
    </section>
  );
}

function Changes({ changes }: { changes: ImportedChange[] }) {
  const { texts } = usePanel();
  const words = texts.import;
  return (
    <section aria-labelledby="import-changes">
      <h2 id="import-changes">{words.changes}</h2>
      <table class="card list">
        <thead><tr><th>{words.line}</th><th>{texts.name}</th><th>{words.change}</th></tr></thead>
        <Capped items={changes}>
          {({ line, user_id, full_name, fields, ends_sessions }) => (
            <tr key={user_id}>
              <td>{line}</td>
              <td>
                <a href={userLink(user_id)}>{full_name}</a>
                {ends_sessions && <span class="badge bad">{words.endsSessions}</span>}
              </td>
              <td>
                {fields.map(({ name, before, after }) => (
                  <span class="diff" key={name}>
                    {fieldName(texts, name)}: <del>{valueText(texts, before)}</del> → <ins>{valueText(texts, after)}</ins>
                  </span>
                ))}
              </td>
            </tr>
          )}
        </Capped>
      </table>
    </section>
  );
}

function NewUsers({ users }: { users: ImportedUser[] }) {
  const { texts } = usePanel();
  const words = texts.import;
  return (
    <section aria-labelledby="import-new">
      <h2 id="import-new">{words.newUsers}</h2>
      <table class="card list">
        <thead>
          <tr><th>{words.line}</th><th>{texts.name}</th><th>{texts.phone}, {texts.email}</th><th>{texts.role}</th><th>{texts.password}</th></tr>
        </thead>
        <Capped items={users}>
          {({ line, full_name, phone, email, role, has_password_hash }) => (
            <tr key={line}>
              <td>{line}</td>
              <td>{full_name}</td>
              <td>{[phone, email].filter(Boolean).join(", ")}</td>
              <td>{texts.roles[role]}</td>
              <td>{has_password_hash ? words.oldPassword : words.newPassword}</td>
            </tr>
          )}
        </Capped>
      </table>
    </section>
  );
}

function fieldName(texts: Texts, name: string): string {
  const names: Record<string, string | undefined> = {
    full_name: texts.name,
    phone: texts.phone,
    email: texts.email,
    role: texts.role,
    is_active: texts.state,
    telegram_id: texts.telegram,
    external_id: texts.externalId,
  };
  return names[name] ?? name;
}

function valueText(texts: Texts, value: unknown): string {
  if (value === null || value === undefined || value === "") return "—";
  if (typeof value === "boolean") return value ? texts.active : texts.inactive;
  return (Object.hasOwn(texts.roles, String(value)) && texts.roles[value as Role]) || String(value);
}
