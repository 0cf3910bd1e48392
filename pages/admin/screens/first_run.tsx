import { useState } from "preact/hooks";
import { DivanError } from "../../client/error.js";
import { readProblem } from "../../client/problem.js";
import { Field, PasswordField } from "../components/field.js";
import { Form, useForm } from "../components/form.js";
import { usePanel } from "../context.js";
import { base } from "../server.js";

interface Props {
  needsToken: boolean;
  onCancel: () => void;
}

/** Creates the first administrator, and signs in. */
export function FirstRun({ needsToken, onCancel }: Props) {
  const { client, texts } = usePanel();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [token, setToken] = useState("");
  const [asksForToken, setAsksForToken] = useState(needsToken);
  const form = useForm(async () => {
    try {
      await bootstrap({ email: email.trim(), password, full_name: name.trim() || null }, token.trim());
    } catch (error) {
      if (error instanceof DivanError && error.code === "bootstrap_token_required") setAsksForToken(true);
      throw error;
    }
    await client.signIn({ email: email.trim(), password });
  }, ["email", "password", "full_name"]);
  const isComplete = email.trim() !== "" && password !== "";
  return (
    <div class="narrow">
      <h1>{texts.firstRunTitle}</h1>
      <p class="lead">{texts.firstRunHint}</p>
      <section class="card">
        <Form form={form} label={texts.create} isComplete={isComplete} onCancel={onCancel}>
          <Field label={texts.name} autocomplete="name" value={name} onInput={setName} error={form.errors["full_name"]} />
          <Field label={texts.email} type="email" autocomplete="username" value={email} onInput={setEmail} error={form.errors["email"]} />
          <PasswordField label={texts.password} autocomplete="new-password" hint={texts.adminPasswordRule} value={password} onInput={setPassword} error={form.errors["password"]} />
          {asksForToken && (
            <Field label={texts.bootstrapToken} hint={texts.bootstrapTokenHint} autocomplete="off" value={token} onInput={setToken} />
          )}
        </Form>
      </section>
    </div>
  );
}

async function bootstrap(body: object, token: string): Promise<void> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (token) headers["X-Bootstrap-Token"] = token;
  const request = { method: "POST", headers, body: JSON.stringify(body), credentials: "omit" } as const;
  const response = await fetch(new URL("auth/admin/bootstrap", base), request).catch(() => null);
  if (!response) throw new DivanError("network");
  if (!response.ok) throw await readProblem(response);
}
