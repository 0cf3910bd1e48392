import { useState } from "preact/hooks";
import { lastDayBefore, startOfDay } from "../../shared/date.js";
import { api, type Service, type ServiceScope } from "../api.js";
import { Choice, Choices } from "../components/choice.js";
import { Dialog } from "../components/dialog.js";
import { Field, TextArea } from "../components/field.js";
import { Form, useForm } from "../components/form.js";
import { usePanel } from "../context.js";
import { useMoreTexts } from "../more_texts.js";

const MAX_NAME = 100;

interface Draft {
  name: string;
  scopes: readonly ServiceScope[];
  /** One per line. */
  addresses: string;
  /** The last day on which the credential is valid. */
  day: string;
}

interface Props {
  /** The credential to change; without it, another one is created. */
  service?: Service;
  onClose: () => void;
  onSaved: () => void;
}

/** Creates a service credential and shows its secret, or changes one. Only members that differ are sent. */
export function ServiceForm({ service, onClose, onSaved }: Props) {
  const { client, texts, reveal, notify } = usePanel();
  const words = useMoreTexts().services;
  const [stored] = useState(() => draftOf(service));
  const [draft, setDraft] = useState(stored);
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const create = async () => {
    const { service, secret } = await api.createService(client, { name: "", scopes: [], ...changesOf(draftOf(), draft) });
    reveal({ kind: "service", name: service.name, login: `client_id ${service.id}`, password: secret });
  };
  const change = async ({ id }: Service) => {
    const changes = changesOf(stored, draft);
    if (Object.keys(changes).length > 0) await api.updateService(client, id, changes);
    notify(texts.saved);
  };
  const form = useForm(async () => {
    await (service ? change(service) : create());
    onSaved();
    onClose();
  }, ["name", "scopes", "allowed_addresses", "expires_at"]);
  const { errors } = form;
  const isComplete = draft.name.trim() !== "" && draft.scopes.length > 0;
  return (
    <Dialog title={service?.name ?? words.create} onClose={onClose} isHeld={form.isBusy}>
      <Form form={form} label={service ? texts.save : texts.create} onCancel={onClose} isComplete={isComplete}>
        <Field label={words.name} hint={words.nameHint} value={draft.name} onInput={(name) => set({ name })} error={errors["name"]} maxLength={MAX_NAME} autocomplete="off" autofocus />
        <Scopes chosen={draft.scopes} error={errors["scopes"]} onChange={(scopes) => set({ scopes })} />
        <TextArea label={words.addresses} hint={words.addressesHint} rows={3} value={draft.addresses} onInput={(addresses) => set({ addresses })} error={errors["allowed_addresses"] && words.addressesInvalid} />
        <Field label={words.lastDay} hint={words.expiresHint} type="date" value={draft.day} onInput={(day) => set({ day })} error={errors["expires_at"] && words.expiresInvalid} />
      </Form>
    </Dialog>
  );
}

interface ScopesProps {
  chosen: readonly ServiceScope[];
  error: string | undefined;
  onChange: (scopes: ServiceScope[]) => void;
}

function Scopes({ chosen, error, onChange }: ScopesProps) {
  const words = useMoreTexts().services;
  const scopes = Object.keys(words.scopeHints) as ServiceScope[];
  const toggle = (scope: ServiceScope, isChosen: boolean) =>
    onChange(scopes.filter((other) => (other === scope ? isChosen : chosen.includes(other))));
  return (
    <Choices label={words.scopes} error={error}>
      {scopes.map((scope) => (
        <Choice key={scope} label={<b class="mono">{scope}</b>} hint={words.scopeHints[scope]}
          isChecked={chosen.includes(scope)} onChange={(isChosen) => toggle(scope, isChosen)} />
      ))}
    </Choices>
  );
}

const draftOf = (service?: Service): Draft => ({
  name: service?.name ?? "",
  scopes: service?.scopes ?? [],
  addresses: service?.allowed_addresses.join("\n") ?? "",
  day: service?.expires_at ? lastDayBefore(service.expires_at) : "",
});

function changesOf(stored: Draft, draft: Draft) {
  return {
    ...(draft.name.trim() !== stored.name && { name: draft.name.trim() }),
    ...(draft.scopes.join() !== stored.scopes.join() && { scopes: [...draft.scopes] }),
    ...(draft.addresses !== stored.addresses && { allowed_addresses: draft.addresses.split(/[\s,;]+/).filter(Boolean) }),
    ...(draft.day !== stored.day && { expires_at: startOfDay(draft.day, 1) }),
  };
}
