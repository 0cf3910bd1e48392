import { useState } from "preact/hooks";
import { deviceName } from "../../shared/device_name.js";
import { api } from "../api.js";
import { Confirm } from "../components/dialog.js";
import { PasswordField } from "../components/field.js";
import { Form, useForm } from "../components/form.js";
import { LoadError, Skeleton, Time } from "../components/status.js";
import { usePanel } from "../context.js";
import { useLoaded } from "../hooks.js";

/** The administrator's own account: password, sessions and known devices. */
export function Account() {
  const { client, texts, user } = usePanel();
  const sessions = useLoaded(async () => (await api.sessions(client)).items, []);
  const devices = useLoaded(async () => (await api.devices(client)).items, []);
  return (
    <>
      <header class="title"><h1>{user?.full_name}</h1><span class="hint">{user?.email}</span></header>
      <div class="columns even">
        <ChangePassword onChanged={() => {
          sessions.reload();
          devices.reload();
        }} />
        <div>
          <List title={texts.sessions} hint={texts.sessionsHint} loaded={sessions} action="endSession"
            remove={(id) => api.endSession(client, id)}
            items={sessions.value?.map((session) => ({
              id: session.id,
              device: session.device,
              time: session.refreshed_at,
              address: session.address,
              isCurrent: session.is_current,
            }))} />
          <List title={texts.devices} hint={texts.devicesHint} loaded={devices} action="removeDevice"
            remove={(id) => api.removeDevice(client, id)}
            items={devices.value?.map((device) => ({
              id: device.id,
              device: device.device,
              time: device.last_used_at,
              address: undefined,
              isCurrent: false,
            }))} />
        </div>
      </div>
    </>
  );
}

function ChangePassword({ onChanged }: { onChanged: () => void }) {
  const { client, texts, notify } = usePanel();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const form = useForm(async () => {
    await client.changePassword(current, next);
    setCurrent("");
    setNext("");
    notify(texts.passwordChanged);
    onChanged();
  }, ["current_password", "new_password"]);
  return (
    <section class="card padded" aria-labelledby="change-password">
      <h2 id="change-password">{texts.changePassword}</h2>
      <Form form={form} label={texts.save} isComplete={current !== "" && next !== ""}>
        <PasswordField label={texts.currentPassword} autocomplete="current-password" value={current} onInput={setCurrent} error={form.errors["current_password"]} />
        <PasswordField label={texts.newPassword} autocomplete="new-password" hint={texts.adminPasswordRule} value={next} onInput={setNext} error={form.errors["new_password"]} />
      </Form>
    </section>
  );
}

interface Item {
  id: string;
  device: string | undefined;
  time: string;
  address: string | undefined;
  isCurrent: boolean;
}

interface ListProps {
  title: string;
  hint: string;
  items: Item[] | undefined;
  loaded: { error: unknown; reload: () => void };
  action: "endSession" | "removeDevice";
  remove: (id: string) => Promise<unknown>;
}

function List({ title, hint, items, loaded, action, remove }: ListProps) {
  const { texts } = usePanel();
  const [asked, setAsked] = useState<Item | null>(null);
  const name = (item: Item) => deviceName(item.device) ?? texts.unknownDevice;
  return (
    <section class="card padded">
      <h2>{title}</h2>
      <p class="note">{hint}</p>
      {loaded.error ? <LoadError error={loaded.error} retry={loaded.reload} /> : null}
      {!items && !loaded.error && <Skeleton rows={2} />}
      {items?.length === 0 && <p class="hint">{texts.noDevices}</p>}
      <ul class="devices">
        {items?.map((item) => (
          <li key={item.id}>
            <span>
              <b title={item.device}>{name(item)}</b> {item.isCurrent && <span class="badge good">{texts.current}</span>}
              <span class="note"><Time value={item.time} />{item.address && ` · ${item.address}`}</span>
            </span>
            {!item.isCurrent && <button type="button" class="link danger" onClick={() => setAsked(item)}>{texts[action].button}</button>}
          </li>
        ))}
      </ul>
      {asked && (
        <Confirm action={texts[action]} name={name(asked)} isDanger onClose={() => setAsked(null)} run={async () => {
          await remove(asked.id);
          setAsked(null);
          loaded.reload();
        }} />
      )}
    </section>
  );
}
