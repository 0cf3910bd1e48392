import { useEffect, useState } from "preact/hooks";
import { api } from "../api.js";
import { usePanel } from "../context.js";
import type { StepUp } from "../step_up.js";
import { Dialog } from "./dialog.js";
import { ProofForm } from "./proof.js";

/** Asks for a proof of identity when a call needs one. Without it, the call fails and the form stays. */
export function StepUpDialog({ stepUp }: { stepUp: StepUp }) {
  const { client, texts, user } = usePanel();
  const [question, setQuestion] = useState(stepUp.question);
  useEffect(() => {
    const update = () => setQuestion(stepUp.question);
    update();
    stepUp.onChange = update;
    return () => void (stepUp.onChange = () => {});
  }, [stepUp]);
  // Too many wrong proofs end the session.
  useEffect(() => {
    if (!user) stepUp.question?.settle(false);
  }, [user]);
  if (!question) return null;
  const words = texts.secondFactor;
  const cancel = () => question.settle(false);
  return (
    <Dialog title={words.proveTitle} onClose={cancel}>
      <p>{words.proveHint}</p>
      <ProofForm methods={question.methods} label={words.confirm} onCancel={cancel} passkey={async () => (await api.passkeyForStepUp(client)).public_key} run={async (proof) => {
        await client.stepUp(proof);
        question.settle(true);
      }} />
    </Dialog>
  );
}
