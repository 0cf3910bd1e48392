import { useState } from "preact/hooks";
import { api, type SecondFactor as State } from "../api.js";
import { usePanel } from "../context.js";
import { type Loaded, useLoaded } from "../hooks.js";
import { Confirm, Dialog } from "./dialog.js";
import { Enrol } from "./enrol.js";
import { Passkeys } from "./passkeys.js";
import { LoadError, Skeleton, Time } from "./status.js";

/** Few recovery codes are left: time to replace them. */
const FEW_CODES = 3;

type Action = "enrol" | "newCodes" | "turnOff";

/** The administrator's own second factor: an authenticator app, passkeys and recovery codes. */
export function SecondFactor({ onChanged }: { onChanged: () => void }) {
  const { client } = usePanel();
  const state = useLoaded(() => api.secondFactor(client), []);
  const passkeys = useLoaded(async () => (await api.passkeys(client)).items, []);
  const changed = () => {
    state.reload();
    passkeys.reload();
    onChanged();
  };
  return (
    <>
      <AppAndCodes state={state} onChanged={changed} />
      <Passkeys loaded={passkeys} onChanged={changed} />
    </>
  );
}

function AppAndCodes({ state, onChanged }: { state: Loaded<State>; onChanged: () => void }) {
  const { client, texts, notify, revealCodes } = usePanel();
  const words = texts.secondFactor;
  const [action, setAction] = useState<Action | null>(null);
  const close = () => setAction(null);
  const changed = () => {
    close();
    onChanged();
  };
  const newCodes = async () => {
    revealCodes((await api.replaceRecoveryCodes(client)).recovery_codes);
    changed();
  };
  const turnOff = async () => {
    client.replaceAccessToken(await api.disableSecondFactor(client));
    notify(texts.saved);
    changed();
  };
  const hasApp = !!state.value?.confirmed_at;
  return (
    <section class="card padded" aria-labelledby="second-factor">
      <header class="title">
        <h2 id="second-factor">{words.title}</h2>
        {state.value && <SecondFactorBadge isOn={state.value.is_enabled} />}
      </header>
      <SecondFactorFacts state={state} />
      {state.value && <Actions state={state.value} onSelect={setAction} />}
      {action === "enrol" && (
        <Dialog title={hasApp ? words.replace : words.setUp} onClose={close}>
          <Enrol onDone={changed} onCancel={close} />
        </Dialog>
      )}
      {action === "newCodes" && <Confirm action={words.newCodes} name="" onClose={close} run={newCodes} />}
      {action === "turnOff" && <Confirm action={words.turnOff} name="" isDanger onClose={close} run={turnOff} />}
    </section>
  );
}

function Actions({ state, onSelect }: { state: State; onSelect: (action: Action) => void }) {
  const words = usePanel().texts.secondFactor;
  const { is_enabled: isOn, confirmed_at: hasApp } = state;
  const button = (action: Action, text: string, kind = "secondary") => (
    <button type="button" class={kind} onClick={() => onSelect(action)}>{text}</button>
  );
  return (
    <>
      {!isOn && <p class="note">{words.hint}</p>}
      <div class="buttons">
        {!hasApp && button("enrol", words.setUp, isOn ? "secondary" : "primary")}
        {isOn && button("newCodes", words.newCodes.button)}
        {hasApp && button("enrol", words.replace)}
        {hasApp && button("turnOff", words.turnOff.button, "link danger")}
      </div>
    </>
  );
}

export function SecondFactorBadge({ isOn }: { isOn: boolean }) {
  const { texts } = usePanel();
  return <span class={isOn ? "badge good" : "badge"}>{isOn ? texts.secondFactor.on : texts.secondFactor.off}</span>;
}

/** The parts of a second factor, and how many recovery codes are left. */
export function SecondFactorFacts({ state }: { state: Pick<Loaded<State | null>, "value" | "error" | "reload"> }) {
  const { texts } = usePanel();
  const words = texts.secondFactor;
  if (state.error) return <LoadError error={state.error} retry={state.reload} />;
  if (!state.value) return <Skeleton rows={2} />;
  const { is_enabled, confirmed_at, passkeys, recovery_codes_left: left } = state.value;
  if (!is_enabled) return null;
  return (
    <dl>
      {confirmed_at && <div><dt>{words.since}</dt><dd><Time value={confirmed_at} /></dd></div>}
      {passkeys ? <div><dt>{words.passkey.title}</dt><dd>{passkeys}</dd></div> : null}
      <div><dt>{words.codesLeft}</dt><dd class={left <= FEW_CODES ? "danger" : ""}>{left}</dd></div>
    </dl>
  );
}
