import { useState } from "preact/hooks";
import { api, type SecondFactor as State } from "../api.js";
import { usePanel } from "../context.js";
import { type Loaded, useLoaded } from "../hooks.js";
import { Confirm, Dialog } from "./dialog.js";
import { Enrol } from "./enrol.js";
import { LoadError, Skeleton, Time } from "./status.js";

/** Few recovery codes are left: time to replace them. */
const FEW_CODES = 3;

type Action = "enrol" | "newCodes" | "turnOff";

/** The administrator's own second factor: set up, replace, turn off. */
export function SecondFactor({ onChanged }: { onChanged: () => void }) {
  const { client, texts, notify, revealCodes } = usePanel();
  const words = texts.secondFactor;
  const state = useLoaded(() => api.secondFactor(client), []);
  const [action, setAction] = useState<Action | null>(null);
  const close = () => setAction(null);
  const changed = () => {
    close();
    state.reload();
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
  const isOn = state.value?.is_enabled;
  const button = (action: Action, text: string, kind = "secondary") => (
    <button type="button" class={kind} onClick={() => setAction(action)}>{text}</button>
  );
  return (
    <section class="card padded" aria-labelledby="second-factor">
      <header class="title">
        <h2 id="second-factor">{words.title}</h2>
        {state.value && <SecondFactorBadge isOn={!!isOn} />}
      </header>
      <SecondFactorFacts state={state} />
      {state.value && !isOn && <p class="note">{words.hint}</p>}
      {state.value && (
        <div class="buttons">
          {isOn ? (
            <>
              {button("newCodes", words.newCodes.button)}
              {button("enrol", words.replace)}
              {button("turnOff", words.turnOff.button, "link danger")}
            </>
          ) : button("enrol", words.setUp, "primary")}
        </div>
      )}
      {action === "enrol" && (
        <Dialog title={isOn ? words.replace : words.title} onClose={close}>
          <Enrol onDone={changed} onCancel={close} />
        </Dialog>
      )}
      {action === "newCodes" && <Confirm action={words.newCodes} name="" onClose={close} run={newCodes} />}
      {action === "turnOff" && <Confirm action={words.turnOff} name="" isDanger onClose={close} run={turnOff} />}
    </section>
  );
}

export function SecondFactorBadge({ isOn }: { isOn: boolean }) {
  const { texts } = usePanel();
  return <span class={isOn ? "badge good" : "badge"}>{isOn ? texts.secondFactor.on : texts.secondFactor.off}</span>;
}

/** When a second factor was turned on, and how many recovery codes are left. */
export function SecondFactorFacts({ state }: { state: Pick<Loaded<State | null>, "value" | "error" | "reload"> }) {
  const { texts } = usePanel();
  const words = texts.secondFactor;
  if (state.error) return <LoadError error={state.error} retry={state.reload} />;
  if (!state.value) return <Skeleton rows={2} />;
  const { is_enabled, confirmed_at, recovery_codes_left: left } = state.value;
  if (!is_enabled || !confirmed_at) return null;
  return (
    <dl>
      <div><dt>{words.since}</dt><dd><Time value={confirmed_at} /></dd></div>
      <div><dt>{words.codesLeft}</dt><dd class={left <= FEW_CODES ? "danger" : ""}>{left}</dd></div>
    </dl>
  );
}
