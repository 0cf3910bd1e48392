import { useState } from "preact/hooks";
import { DivanError } from "../../client/error.js";
import { trimGenerated } from "../../shared/text.js";
import { Field, PasswordField } from "../components/field.js";
import { Form, useForm } from "../components/form.js";
import { ProofForm } from "../components/proof.js";
import { usePanel } from "../context.js";
import { hasPasskeys, askForPasskey } from "../passkey.js";
import { problemText } from "../problems.js";
import { passkeyForSignIn } from "../server.js";

interface Props {
  isEnded: boolean;
  /** Offers the creation of the first administrator. */
  onFirstRun: (() => void) | null;
}

/** Signs in with e-mail address and password, and a second factor if there is one. */
export function SignIn({ isEnded, onFirstRun }: Props) {
  const { client, texts, typedPassword } = usePanel();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [required, setRequired] = useState<DivanError | null>(null);
  const [refusal, setRefusal] = useState<unknown>(null);
  const form = useForm(async () => {
    setRefusal(null);
    typedPassword.current = trimGenerated(password);
    try {
      await client.signIn({ email: email.trim(), password: typedPassword.current });
    } catch (error) {
      if (!(error instanceof DivanError) || !error.challenge) throw error;
      setRequired(error);
    }
  }, ["email", "password"]);
  const back = (refusal: unknown = null) => {
    setRequired(null);
    setRefusal(refusal);
    setPassword("");
  };
  if (required) return <SecondStep required={required} onCancel={back} onExpired={back} />;
  return (
    <div class="narrow">
      <h1>{texts.signIn}</h1>
      <p class="lead">{isEnded ? texts.sessionEnded : texts.signInHint}</p>
      <section class="card">
        <Form form={form} label={texts.signIn} isComplete={email.trim() !== "" && password !== ""}>
          {refusal ? <p class="error spaced" role="alert">{problemText(texts, refusal)}</p> : null}
          <Field label={texts.email} type="email" autocomplete="username" value={email} onInput={setEmail} error={form.errors["email"]} autofocus={email === ""} />
          <PasswordField label={texts.password} autocomplete="current-password" value={password} onInput={setPassword} error={form.errors["password"]} autofocus={email !== ""} />
        </Form>
      </section>
      {hasPasskeys() && <PasskeySignIn />}
      {onFirstRun && <button type="button" class="link" onClick={onFirstRun}>{texts.firstRun}</button>}
    </div>
  );
}

/** Signs in with a passkey alone. */
function PasskeySignIn() {
  const { client, texts } = usePanel();
  const form = useForm(async () => client.signInWithPasskey(await askForPasskey(await passkeyForSignIn())));
  return (
    <section class="alternative">
      <button type="button" class="secondary" disabled={form.isBusy || form.isBlocked} aria-busy={form.isBusy} onClick={form.submit}>
        {texts.secondFactor.passkey.signIn}
      </button>
      <div role="alert">{form.message && <p class="error">{form.message}</p>}</div>
    </section>
  );
}

interface SecondStepProps {
  required: DivanError;
  onCancel: () => void;
  /** Called when the sign-in must begin again. */
  onExpired: (error: unknown) => void;
}

function SecondStep({ required, onCancel, onExpired }: SecondStepProps) {
  const { client, texts } = usePanel();
  const { challenge = "", methods, passkey = {} } = required;
  return (
    <div class="narrow">
      <h1>{texts.secondFactor.proveTitle}</h1>
      <section class="card">
        <ProofForm methods={methods} label={texts.signIn} onCancel={() => onCancel()} passkey={async () => passkey} run={async (proof) => {
          try {
            await client.completeSignIn({ challenge, ...proof });
          } catch (error) {
            if (!(error instanceof DivanError) || error.code !== "second_factor_challenge_invalid") throw error;
            onExpired(error);
          }
        }} />
      </section>
    </div>
  );
}
