import { useState } from "preact/hooks";
import { PasswordField, Field } from "../components/field.js";
import { Form, useForm } from "../components/form.js";
import { usePanel } from "../context.js";
import { trimGenerated } from "../../shared/text.js";

interface Props {
  isEnded: boolean;
  /** Offers the creation of the first administrator. */
  onFirstRun: (() => void) | null;
}

export function SignIn({ isEnded, onFirstRun }: Props) {
  const { client, texts, typedPassword } = usePanel();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const form = useForm(() => {
    typedPassword.current = trimGenerated(password);
    return client.signIn({ email: email.trim(), password: typedPassword.current });
  }, ["email", "password"]);
  return (
    <div class="narrow">
      <h1>{texts.signIn}</h1>
      <p class="lead">{isEnded ? texts.sessionEnded : texts.signInHint}</p>
      <section class="card">
        <Form form={form} label={texts.signIn} isComplete={email.trim() !== "" && password !== ""}>
          <Field label={texts.email} type="email" autocomplete="username" value={email} onInput={setEmail} error={form.errors["email"]} autofocus />
          <PasswordField label={texts.password} autocomplete="current-password" value={password} onInput={setPassword} error={form.errors["password"]} />
        </Form>
      </section>
      {onFirstRun && <button type="button" class="link" onClick={onFirstRun}>{texts.firstRun}</button>}
    </div>
  );
}
