import { useState } from "preact/hooks";
import { DivanError } from "../../client/error.js";
import { deviceName } from "../../shared/device_name.js";
import { fill } from "../../shared/text.js";
import { api, type Passkey } from "../api.js";
import { usePanel } from "../context.js";
import type { Loaded } from "../hooks.js";
import { createPasskey, hasPasskeys } from "../passkey.js";
import { Confirm, Dialog } from "./dialog.js";
import { Field } from "./field.js";
import { Form, useForm } from "./form.js";
import { LoadError, Skeleton, Time } from "./status.js";

const MAX_PASSKEYS = 10;
const MAX_NAME = 64;

interface Asked {
  action: "rename" | "remove";
  passkey: Passkey;
}

interface Props {
  loaded: Loaded<Passkey[]>;
  onChanged: () => void;
}

/** The administrator's own passkeys: add, rename, remove. Hidden where the server has none. */
export function Passkeys({ loaded, onChanged }: Props) {
  const { client, texts, notify } = usePanel();
  const words = texts.secondFactor.passkey;
  const [asked, setAsked] = useState<Asked | null>(null);
  const [isAdding, setAdding] = useState(false);
  if (loaded.error instanceof DivanError && loaded.error.code === "passkeys_not_configured") return null;
  const close = () => {
    setAsked(null);
    setAdding(false);
  };
  const changed = () => {
    close();
    onChanged();
  };
  const remove = async (id: string) => {
    client.replaceAccessToken(await api.removePasskey(client, id));
    notify(texts.saved);
    changed();
  };
  const items = loaded.value;
  return (
    <section class="card padded" aria-labelledby="passkeys">
      <h2 id="passkeys">{words.title}</h2>
      <p class="note">{words.hint}</p>
      {loaded.error ? <LoadError error={loaded.error} retry={loaded.reload} /> : null}
      {!items && !loaded.error && <Skeleton rows={2} />}
      <ul class="devices passkeys">
        {items?.map((passkey) => <Item key={passkey.id} passkey={passkey} onAsk={(action) => setAsked({ action, passkey })} />)}
      </ul>
      {items && hasPasskeys() && items.length < MAX_PASSKEYS && (
        <div class="buttons"><button type="button" class="secondary" onClick={() => setAdding(true)}>{words.add}</button></div>
      )}
      {isAdding && <AddPasskey onClose={close} onAdded={changed} />}
      {asked?.action === "rename" && <RenamePasskey passkey={asked.passkey} onClose={close} onRenamed={changed} />}
      {asked?.action === "remove" && (
        <Confirm action={words.remove} name={asked.passkey.name} isDanger onClose={close} run={() => remove(asked.passkey.id)} />
      )}
    </section>
  );
}

function Item({ passkey, onAsk }: { passkey: Passkey; onAsk: (action: Asked["action"]) => void }) {
  const { texts } = usePanel();
  const { name, is_synced, created_at, last_used_at } = passkey;
  const words = texts.secondFactor.passkey;
  return (
    <li>
      <span>
        <b>{name}</b> {is_synced && <span class="badge">{words.synced}</span>}
        <span class="note">
          {last_used_at ? <>{texts.lastUsed}: <Time value={last_used_at} /></> : <>{words.added}: <Time value={created_at} /></>}
        </span>
      </span>
      <span class="actions-of-item">
        <button type="button" class="link" aria-label={fill(words.renameOf, { name })} onClick={() => onAsk("rename")}>{words.rename}</button>
        <button type="button" class="link danger" aria-label={fill(words.removeOf, { name })} onClick={() => onAsk("remove")}>{words.remove.button}</button>
      </span>
    </li>
  );
}

/** Adds a passkey. Its name is asked first, so that nothing is left to fail once the browser has made it. */
export function AddPasskey({ onClose, onAdded }: { onClose: () => void; onAdded: () => void }) {
  const { client, texts, revealCodes } = usePanel();
  const words = texts.secondFactor.passkey;
  const [name, setName] = useState(deviceName(navigator.userAgent) ?? "");
  const form = useForm(async () => {
    const { public_key } = await api.passkeyToAdd(client);
    const { recovery_codes, token } = await api.addPasskey(client, name.trim(), await createPasskey(public_key)).catch((error) => {
      throw error instanceof DivanError && error.code === "second_factor_invalid" ? new DivanError("passkey_invalid", error.status) : error;
    });
    if (recovery_codes) revealCodes(recovery_codes);
    client.replaceAccessToken(token);
    onAdded();
  }, ["name"]);
  return (
    <Dialog title={words.add} onClose={onClose} isHeld={form.isBusy}>
      <Form form={form} label={words.create} isComplete={name.trim() !== ""} onCancel={onClose}>
        <p>{words.addHint}</p>
        <Field label={words.name} hint={words.nameHint} value={name} onInput={setName} maxLength={MAX_NAME} error={form.errors["name"]} autocomplete="off" autofocus />
      </Form>
    </Dialog>
  );
}

interface RenameProps {
  passkey: Passkey;
  onClose: () => void;
  onRenamed: () => void;
}

function RenamePasskey({ passkey, onClose, onRenamed }: RenameProps) {
  const { client, texts } = usePanel();
  const words = texts.secondFactor.passkey;
  const [name, setName] = useState(passkey.name);
  const form = useForm(async () => {
    await api.renamePasskey(client, passkey.id, name.trim());
    onRenamed();
  }, ["name"]);
  return (
    <Dialog title={fill(words.renameOf, { name: passkey.name })} onClose={onClose} isHeld={form.isBusy}>
      <Form form={form} label={texts.save} isComplete={name.trim() !== ""} onCancel={onClose}>
        <Field label={words.name} value={name} onInput={setName} maxLength={MAX_NAME} error={form.errors["name"]} autocomplete="off" autofocus />
      </Form>
    </Dialog>
  );
}
