import { useState } from "preact/hooks";
import { Choice, Choices } from "../components/choice.js";
import { Dialog } from "../components/dialog.js";
import { Field } from "../components/field.js";
import { Form, useForm } from "../components/form.js";
import { usePanel } from "../context.js";
import { useMoreTexts } from "../more_texts.js";
import { EVENT_TYPES, hostOf, type Webhook, type WebhookChanges, webhookApi } from "../webhooks.js";

const MAX_URL = 2048;
const MAX_DESCRIPTION = 200;

interface Draft {
  url: string;
  description: string;
  types: readonly string[];
}

interface Props {
  /** The webhook to change; without it, another one is created. */
  webhook?: Webhook;
  onClose: () => void;
  onSaved: () => void;
}

/** Creates a webhook and shows its secret, or changes one. Only members that differ are sent. */
export function WebhookForm({ webhook, onClose, onSaved }: Props) {
  const { client, texts, reveal, notify } = usePanel();
  const words = useMoreTexts().webhooks;
  const [stored] = useState(() => draftOf(webhook));
  const [draft, setDraft] = useState(stored);
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const create = async () => {
    const { webhook, secret } = await webhookApi.create(client, changesOf(draftOf(), draft));
    reveal({ kind: "webhook", name: webhook.description ?? hostOf(webhook.url), login: webhook.url, password: secret });
  };
  const change = async ({ id }: Webhook) => {
    const changes = changesOf(stored, draft);
    if (Object.keys(changes).length > 0) await webhookApi.update(client, id, changes);
    notify(texts.saved);
  };
  const form = useForm(async () => {
    await (webhook ? change(webhook) : create());
    onSaved();
    onClose();
  }, ["url", "description", "types"]);
  const { errors } = form;
  return (
    <Dialog title={webhook ? hostOf(webhook.url) : words.create} onClose={onClose} isHeld={form.isBusy}>
      <Form form={form} label={webhook ? texts.save : texts.create} onCancel={onClose} isComplete={draft.url.trim() !== ""}>
        <Field label={words.url} hint={words.urlHint} type="url" value={draft.url} onInput={(url) => set({ url })} error={errors["url"] && words.urlInvalid} maxLength={MAX_URL} autocomplete="off" autofocus />
        <Field label={words.description} value={draft.description} onInput={(description) => set({ description })} error={errors["description"]} maxLength={MAX_DESCRIPTION} autocomplete="off" />
        <Types chosen={draft.types} error={errors["types"]} onChange={(types) => set({ types })} />
      </Form>
    </Dialog>
  );
}

interface TypesProps {
  chosen: readonly string[];
  error: string | undefined;
  onChange: (types: string[]) => void;
}

function Types({ chosen, error, onChange }: TypesProps) {
  const words = useMoreTexts().webhooks;
  // A newer version may have stored further types.
  const types = [...new Set<string>([...EVENT_TYPES, ...chosen])];
  const toggle = (type: string, isChosen: boolean) =>
    onChange(types.filter((other) => (other === type ? isChosen : chosen.includes(other))));
  return (
    <Choices label={words.types} hint={words.typesHint} error={error}>
      <div class="types">
        {types.map((type) => (
          <Choice key={type} label={<span class="mono">{type}</span>} isChecked={chosen.includes(type)} onChange={(isChosen) => toggle(type, isChosen)} />
        ))}
      </div>
    </Choices>
  );
}

const draftOf = (webhook?: Webhook): Draft => ({
  url: webhook?.url ?? "",
  description: webhook?.description ?? "",
  types: webhook?.types ?? [],
});

function changesOf(stored: Draft, draft: Draft): WebhookChanges {
  const [url, description] = [draft.url.trim(), draft.description.trim()];
  return {
    ...(url !== stored.url && { url }),
    ...(description !== stored.description && { description: description || null }),
    ...(draft.types.join() !== stored.types.join() && { types: [...draft.types] }),
  };
}
