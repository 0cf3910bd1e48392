import { Enrol } from "../components/enrol.js";
import { usePanel } from "../context.js";

/** Sets up a second factor before anything else is possible. */
export function RequireSecondFactor() {
  const { client, texts } = usePanel();
  const words = texts.secondFactor;
  return (
    <div class="narrow">
      <h1>{words.requiredTitle}</h1>
      <p class="lead">{words.requiredHint}</p>
      <section class="card">
        <Enrol onDone={() => {}} onCancel={() => void client.signOut()} />
      </section>
    </div>
  );
}
