import { useState } from "preact/hooks";
import { trimGenerated } from "../../shared/text.js";
import { PasswordField } from "../components/field.js";
import { Form, useForm } from "../components/form.js";
import { usePanel } from "../context.js";

/** Replaces a generated password before anything else is possible. */
export function ReplacePassword() {
  const { client, texts, typedPassword } = usePanel();
  // After a reload it is not known, and asked for.
  const [known] = useState(typedPassword.current);
  const [current, setCurrent] = useState(known);
  const [next, setNext] = useState("");
  const form = useForm(
    () => client.changePassword(trimGenerated(current), next),
    ["current_password", "new_password"],
  );
  return (
    <div class="narrow">
      <h1>{texts.replaceTitle}</h1>
      <p class="lead">{texts.replaceHint}</p>
      <section class="card">
        <Form form={form} label={texts.save} isComplete={current !== "" && next !== ""} onCancel={() => void client.signOut()}>
          {!known && <PasswordField label={texts.currentPassword} autocomplete="current-password" value={current} onInput={setCurrent} error={form.errors["current_password"]} />}
          <PasswordField label={texts.newPassword} autocomplete="new-password" hint={texts.adminPasswordRule} value={next} onInput={setNext} error={form.errors["new_password"]} autofocus />
        </Form>
      </section>
    </div>
  );
}
