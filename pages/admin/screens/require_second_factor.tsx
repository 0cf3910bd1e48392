import { useState } from "preact/hooks";
import { Enrol } from "../components/enrol.js";
import { AddPasskey } from "../components/passkeys.js";
import { usePanel } from "../context.js";
import { hasPasskeys } from "../passkey.js";

/** Sets up a second factor before anything else is possible. */
export function RequireSecondFactor() {
  const { client, texts } = usePanel();
  const words = texts.secondFactor;
  const [isAdding, setAdding] = useState(false);
  return (
    <div class="narrow">
      <h1>{words.requiredTitle}</h1>
      <p class="lead">{words.requiredHint}</p>
      <section class="card">
        <Enrol onDone={() => {}} onCancel={() => void client.signOut()} />
      </section>
      {hasPasskeys() && <button type="button" class="link" onClick={() => setAdding(true)}>{words.passkey.instead}</button>}
      {isAdding && <AddPasskey onClose={() => setAdding(false)} onAdded={() => {}} />}
    </div>
  );
}
