import { useState } from "preact/hooks";
import { api, type User } from "../api.js";
import { Dialog } from "../components/dialog.js";
import { Field, TextArea } from "../components/field.js";
import { Form, useForm } from "../components/form.js";
import { usePanel } from "../context.js";

interface Props {
  user: User;
  onClose: () => void;
  onSaved: () => void;
}

/** Changes the data of a user. Only members that differ are sent. */
export function EditUser({ user, onClose, onSaved }: Props) {
  const { client, texts, notify } = usePanel();
  const stored = {
    full_name: user.full_name,
    phone: user.phone ?? "",
    email: user.email ?? "",
    external_id: user.external_id ?? "",
    metadata: Object.keys(user.metadata ?? {}).length > 0 ? JSON.stringify(user.metadata, null, 2) : "",
  };
  const [draft, setDraft] = useState(stored);
  const set = (change: Partial<typeof stored>) => setDraft({ ...draft, ...change });
  const metadata = objectOf(draft.metadata);
  const form = useForm(async () => {
    const changes = changesOf(stored, draft, metadata);
    if (Object.keys(changes).length > 0) await api.updateUser(client, user.id, changes);
    notify(texts.saved);
    onSaved();
    onClose();
  }, ["full_name", "phone", "email", "external_id", "metadata"]);
  const metadataError = metadata === undefined ? texts.metadataInvalid : form.errors["metadata"];
  return (
    <Dialog title={user.full_name} onClose={onClose} isHeld={form.isBusy}>
      <Form form={form} label={texts.save} onCancel={onClose} isComplete={draft.full_name.trim() !== "" && metadata !== undefined}>
        <Field label={texts.name} value={draft.full_name} onInput={(full_name) => set({ full_name })} error={form.errors["full_name"]} maxLength={200} autocomplete="off" autofocus />
        <Field label={texts.phone} type="tel" hint={texts.phoneHint} value={draft.phone} onInput={(phone) => set({ phone })} error={form.errors["phone"]} autocomplete="off" />
        <Field label={texts.email} type="email" value={draft.email} onInput={(email) => set({ email })} error={form.errors["email"]} autocomplete="off" />
        <Field label={texts.externalId} value={draft.external_id} onInput={(external_id) => set({ external_id })} error={form.errors["external_id"]} autocomplete="off" />
        <TextArea label={texts.metadata} hint={texts.metadataHint} value={draft.metadata} onInput={(metadata) => set({ metadata })} error={metadataError} />
      </Form>
    </Dialog>
  );
}

type Draft = Record<"full_name" | "phone" | "email" | "external_id" | "metadata", string>;

function changesOf(stored: Draft, draft: Draft, metadata: object | null | undefined) {
  const changes: Record<string, unknown> = {};
  if (draft.full_name.trim() !== stored.full_name) changes["full_name"] = draft.full_name.trim();
  for (const name of ["phone", "email", "external_id"] as const) {
    if (draft[name].trim() !== stored[name]) changes[name] = draft[name].trim() || null;
  }
  if (draft.metadata !== stored.metadata) changes["metadata"] = metadata;
  return changes;
}

/** Parses a JSON object; `null` for an empty text, `undefined` for another value. */
function objectOf(text: string): object | null | undefined {
  if (text.trim() === "") return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
