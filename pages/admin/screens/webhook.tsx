import { useState } from "preact/hooks";
import { Creator } from "../components/creator.js";
import { LoadError, Skeleton, Time } from "../components/status.js";
import { usePanel } from "../context.js";
import { useLoaded } from "../hooks.js";
import { useMoreTexts } from "../more_texts.js";
import { hostOf, type Webhook, webhookApi } from "../webhooks.js";
import { WebhookActions } from "./webhook_actions.js";
import { WebhookForm } from "./webhook_form.js";
import { LastError, WebhookBadge, WebhookState } from "./webhooks.js";

/** One webhook: its data, the state of its deliveries, and what can be done with it. */
export function WebhookPage({ id }: { id: string }) {
  const { client, texts, webhooks } = usePanel();
  const webhook = useLoaded(() => webhookApi.get(client, id), [id]);
  const reload = () => {
    webhook.reload();
    webhooks.reload();
  };
  return (
    <>
      <p class="breadcrumb"><a href="#/webhooks">‹ {texts.webhooks}</a></p>
      {webhook.error ? <LoadError error={webhook.error} retry={webhook.reload} /> : null}
      {webhook.value ? <Content webhook={webhook.value} onChange={reload} /> : webhook.isLoading && <Skeleton />}
    </>
  );
}

interface Props {
  webhook: Webhook;
  onChange: () => void;
}

function Content({ webhook, onChange }: Props) {
  return (
    <>
      <header class="title">
        <h1>{hostOf(webhook.url)}</h1>
        <WebhookBadge webhook={webhook} />
      </header>
      <div class="columns">
        <div>
          <Details webhook={webhook} onChange={onChange} />
          <Deliveries webhook={webhook} />
        </div>
        <WebhookActions webhook={webhook} onChange={onChange} />
      </div>
    </>
  );
}

function Details({ webhook, onChange }: Props) {
  const { texts } = usePanel();
  const words = useMoreTexts().webhooks;
  const [isEditing, setEditing] = useState(false);
  const { types, description } = webhook;
  return (
    <section class="card padded" aria-labelledby="details">
      <header class="title">
        <h2 id="details">{texts.details}</h2>
        <button type="button" class="link" onClick={() => setEditing(true)}>{texts.edit}</button>
      </header>
      <dl>
        <div><dt>{words.url}</dt><dd>{webhook.url}</dd></div>
        {description && <div><dt>{words.description}</dt><dd>{description}</dd></div>}
        <div><dt>{words.types}</dt><dd>{types.length > 0 ? types.map((type) => <p key={type} class="mono">{type}</p>) : words.allTypes}</dd></div>
        <div><dt>{words.created}</dt><dd><Time value={webhook.created_at} /></dd></div>
        <div><dt>{words.createdBy}</dt><dd><Creator id={webhook.created_by} /></dd></div>
        <div><dt>id</dt><dd class="mono">{webhook.id}</dd></div>
      </dl>
      {isEditing && <WebhookForm webhook={webhook} onClose={() => setEditing(false)} onSaved={onChange} />}
    </section>
  );
}

function Deliveries({ webhook }: { webhook: Webhook }) {
  const { texts } = usePanel();
  const words = useMoreTexts().webhooks;
  const { last_success_at, last_error, pending } = webhook;
  return (
    <section class="card padded" aria-labelledby="deliveries">
      <h2 id="deliveries">{words.deliveries}</h2>
      <dl>
        <div><dt>{texts.state}</dt><dd><WebhookBadge webhook={webhook} /> <WebhookState webhook={webhook} /></dd></div>
        <div><dt>{words.lastSuccess}</dt><dd>{last_success_at ? <Time value={last_success_at} /> : words.neverDelivered}</dd></div>
        <div><dt>{words.lastError}</dt><dd>{last_error ? <LastError error={last_error} /> : words.noError}</dd></div>
        <div><dt>{words.pending}</dt><dd>{pending}</dd></div>
      </dl>
    </section>
  );
}
