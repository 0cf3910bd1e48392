import { useState } from "preact/hooks";
import { api } from "../api.js";
import { Devices, sessionItem } from "../components/devices.js";
import { PasswordField } from "../components/field.js";
import { Form, useForm } from "../components/form.js";
import { SecondFactor } from "../components/second_factor.js";
import { usePanel } from "../context.js";
import { useLoaded } from "../hooks.js";

/** The administrator's own account: password, second factor, sessions and known devices. */
export function Account() {
  const { client, texts, user } = usePanel();
  const sessions = useLoaded(async () => (await api.sessions(client)).items, []);
  const devices = useLoaded(async () => (await api.devices(client)).items, []);
  const reload = () => {
    sessions.reload();
    devices.reload();
  };
  return (
    <>
      <header class="title"><h1>{user?.full_name}</h1><span class="hint">{user?.email}</span></header>
      <div class="columns even">
        <div>
          <ChangePassword onChanged={reload} />
          <SecondFactor onChanged={reload} />
        </div>
        <div>
          <Devices title={texts.sessions} hint={texts.sessionsHint} empty={texts.noSessions} loaded={sessions}
            action="endSession" remove={(id) => api.endSession(client, id)}
            items={sessions.value?.map(sessionItem)} />
          <Devices title={texts.devices} hint={texts.devicesHint} empty={texts.noDevices} loaded={devices}
            action="removeDevice" remove={(id) => api.removeDevice(client, id)}
            items={devices.value?.map(({ id, device, last_used_at }) => ({ id, device, time: last_used_at }))} />
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
