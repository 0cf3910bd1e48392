import { useState } from "preact/hooks";
import { exactTime } from "../../shared/date.js";
import { fill } from "../../shared/text.js";
import { api, loginOf, type Promotion, type User } from "../api.js";
import { Confirm } from "../components/dialog.js";
import { Field } from "../components/field.js";
import { usePanel } from "../context.js";

type Action = "reset" | "resetSecondFactor" | "unlink" | "endSessions" | "unlock" | "promote" | "activate" | "deactivate" | "remove";

const DANGEROUS: readonly Action[] = ["deactivate", "remove", "unlink", "resetSecondFactor"];

/** What the calls return. */
interface Result {
  user?: User;
  generated_password?: string;
  promotion?: Promotion;
}

interface Props {
  user: User;
  isSelf: boolean;
  hasSecondFactor: boolean;
  onChange: () => void;
}

/** What can be done with a user. Each action asks for confirmation. */
export function UserActions({ user, isSelf, hasSecondFactor, onChange }: Props) {
  const { client, language, texts, promotions, notify, reveal } = usePanel();
  const [action, setAction] = useState<Action | null>(null);
  const [email, setEmail] = useState(user.email ?? "");
  const calls: Record<Action, () => Promise<unknown>> = {
    reset: () => api.resetPassword(client, user.id),
    resetSecondFactor: () => api.resetSecondFactor(client, user.id),
    unlink: () => api.unlinkTelegram(client, user.id),
    endSessions: () => api.endUserSessions(client, user.id),
    unlock: () => api.unlockUser(client, user.id),
    promote: () => api.promoteUser(client, user.id, email.trim()),
    activate: () => api.updateUser(client, user.id, { is_active: true }),
    deactivate: () => api.updateUser(client, user.id, { is_active: false }),
    remove: () => api.deleteUser(client, user.id),
  };
  const run = async (action: Action) => {
    const result = (await calls[action]()) as Result | undefined;
    setAction(null);
    if (action === "remove") return location.replace("#/users");
    const password = result?.generated_password;
    if (password) reveal({ name: user.full_name, login: loginOf(result.user ?? user), password });
    else if (result?.promotion) notify(fill(texts.approvals.waits, { time: exactTime(language, result.promotion.expires_at) }));
    else notify(texts.saved);
    if (action === "promote") promotions.reload();
    onChange();
  };
  const available: Action[] = isSelf ? [] : [
    "reset",
    ...(hasSecondFactor ? (["resetSecondFactor"] as const) : []),
    ...(user.telegram_id ? (["unlink"] as const) : []),
    "endSessions",
    "unlock",
    ...(user.role === "employee" ? (["promote"] as const) : []),
    user.is_active ? "deactivate" : "activate",
    "remove",
  ];
  if (isSelf) return null;
  return (
    <section class="card" aria-label={texts.actions}>
      <ul class="actions">
        {available.map((action) => (
          <li key={action}>
            <button type="button" class={DANGEROUS.includes(action) ? "item danger" : "item"} onClick={() => setAction(action)}>
              {texts[action].button}
            </button>
          </li>
        ))}
      </ul>
      {action && (
        <Confirm action={texts[action]} name={user.full_name} isDanger={DANGEROUS.includes(action)}
          onClose={() => setAction(null)} run={() => run(action)} fields={["email"]}
          render={(errors) => action === "promote" && (
            <Field label={texts.email} type="email" hint={texts.emailHint} value={email} onInput={setEmail} error={errors["email"]} autocomplete="off" />
          )} />
      )}
    </section>
  );
}
