import { useState } from "preact/hooks";
import { api, loginOf } from "../api.js";
import { Dialog } from "../components/dialog.js";
import { Field, Select } from "../components/field.js";
import { Form, useForm } from "../components/form.js";
import { usePanel } from "../context.js";
import type { Role } from "../texts/texts.js";

const EMPTY = { role: "employee" as Role, full_name: "", phone: "", email: "", external_id: "" };

/** Creates a user, and shows the generated password. */
export function CreateUser({ onClose, onCreated }: { onClose: () => void; onCreated: () => void }) {
  const { client, texts, reveal } = usePanel();
  const [draft, setDraft] = useState(EMPTY);
  const [isDone, setDone] = useState(false);
  const set = (change: Partial<typeof EMPTY>) => setDraft({ ...draft, ...change });
  const form = useForm(async () => {
    const { role, full_name, phone, email, external_id } = draft;
    const optional = { phone: phone.trim(), email: email.trim(), external_id: external_id.trim() };
    const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== ""));
    const { user, generated_password: password = "" } = await api.createUser(client, { role, full_name: full_name.trim(), ...given });
    setDraft({ ...EMPTY, role });
    setDone(true);
    reveal({ name: user.full_name, login: loginOf(user), password, onClose, onAnother: () => setDone(false) });
    onCreated();
  }, ["full_name", "phone", "email", "external_id"]);
  if (isDone) return null;
  const contact = draft.role === "admin" ? draft.email : draft.phone;
  return (
    <Dialog title={texts.createUser} onClose={onClose} isHeld={form.isBusy}>
      <Form form={form} label={texts.create} onCancel={onClose} isComplete={draft.full_name.trim() !== "" && contact.trim() !== ""}>
        <Select label={texts.role} value={draft.role} onChange={(role) => set({ role: role as Role })}
          options={[["employee", texts.roles.employee], ["admin", texts.roles.admin]]} />
        <Field label={texts.name} value={draft.full_name} onInput={(full_name) => set({ full_name })} error={form.errors["full_name"]} maxLength={200} autocomplete="off" autofocus />
        <Field label={texts.phone} type="tel" hint={texts.phoneHint} value={draft.phone} onInput={(phone) => set({ phone })} error={form.errors["phone"]} autocomplete="off" />
        <Field label={texts.email} type="email" hint={texts.emailHint} value={draft.email} onInput={(email) => set({ email })} error={form.errors["email"]} autocomplete="off" />
        <Field label={texts.externalId} hint={texts.externalIdHint} value={draft.external_id} onInput={(external_id) => set({ external_id })} error={form.errors["external_id"]} autocomplete="off" />
      </Form>
    </Dialog>
  );
}
