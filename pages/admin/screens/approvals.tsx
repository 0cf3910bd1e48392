import { useState } from "preact/hooks";
import { api, type Promotion } from "../api.js";
import { Confirm } from "../components/dialog.js";
import { LoadError, Skeleton, Time } from "../components/status.js";
import { usePanel } from "../context.js";
import { userLink } from "../router.js";
import type { Confirmed } from "../texts/texts.js";

type Action = "approve" | "decline" | "withdraw";

/** Promotions that wait for another administrator. */
export function Approvals() {
  const { client, texts, promotions, reveal, notify } = usePanel();
  const [asked, setAsked] = useState<{ action: Action; promotion: Promotion } | null>(null);
  const words = texts.approvals;
  const actions: Record<Action, Confirmed> = words;
  const finish = () => {
    setAsked(null);
    promotions.reload();
  };
  const run = async (action: Action, { id, user, email }: Promotion) => {
    if (action === "approve") {
      const { generated_password: password } = await api.approvePromotion(client, id);
      reveal({ name: user.full_name, login: email ?? user.email ?? "", password });
    } else {
      await api.declinePromotion(client, id);
      notify(texts.saved);
    }
    finish();
  };
  const { value: items, error } = promotions;
  return (
    <>
      <header class="title"><h1>{words.title}</h1></header>
      <p class="lead">{words.hint}</p>
      {error ? <LoadError error={error} retry={promotions.reload} /> : null}
      {!items && !error && <Skeleton rows={3} />}
      {items?.length === 0 && <div class="empty"><p>{words.empty}</p></div>}
      <ul>
        {items?.map((promotion) => (
          <li key={promotion.id}>
            <Item promotion={promotion} onAsk={(action) => setAsked({ action, promotion })} />
          </li>
        ))}
      </ul>
      {asked && (
        <Confirm action={actions[asked.action]} name={asked.promotion.user.full_name} isDanger={asked.action !== "approve"}
          onClose={() => setAsked(null)} run={() => run(asked.action, asked.promotion)} />
      )}
    </>
  );
}

function Item({ promotion, onAsk }: { promotion: Promotion; onAsk: (action: Action) => void }) {
  const { texts, user: self } = usePanel();
  const words = texts.approvals;
  const { user, email, requested_by, requested_at, expires_at } = promotion;
  const isOwn = requested_by.id === self?.id;
  const button = (action: Action, kind: string) => (
    <button type="button" class={kind} aria-label={`${words[action].button}: ${user.full_name}`} onClick={() => onAsk(action)}>
      {words[action].button}
    </button>
  );
  return (
    <section class="card padded">
      <h2><a href={userLink(user.id)}>{user.full_name}</a></h2>
      <dl>
        <div><dt>{texts.email}</dt><dd>{email ?? user.email}</dd></div>
        <div><dt>{words.requestedBy}</dt><dd><a href={userLink(requested_by.id)}>{requested_by.full_name}</a>, <Time value={requested_at} /></dd></div>
        <div><dt>{words.expires}</dt><dd><Time value={expires_at} /></dd></div>
      </dl>
      <div class="buttons">
        {isOwn ? button("withdraw", "secondary") : <>{button("approve", "primary")}{button("decline", "secondary")}</>}
      </div>
    </section>
  );
}
