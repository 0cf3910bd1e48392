import { useState } from "preact/hooks";
import type { IdentityProof } from "../../client/divan.js";
import { DivanError } from "../../client/error.js";
import { usePanel } from "../context.js";
import { hasPasskeys, type PasskeyJson, askForPasskey } from "../passkey.js";
import { CodeField, Field, isCode, PasswordField } from "./field.js";
import { Form, useForm } from "./form.js";

type Method = "passkey" | "code" | "recovery_code" | "password";

/** Proofs that the panel can ask for, the preferred one first. */
const METHODS: readonly Method[] = ["passkey", "code", "recovery_code", "password"];

interface Props {
  /** The accepted proofs, as the server names them. */
  methods: readonly string[];
  label: string;
  /** Loads the options of a passkey. */
  passkey: () => Promise<PasskeyJson>;
  run: (proof: IdentityProof) => Promise<unknown>;
  onCancel: () => void;
}

/** Asks for a proof of identity, with a switch to another accepted one. */
export function ProofForm({ methods, label, passkey, run, onCancel }: Props) {
  const { texts } = usePanel();
  const accepted = METHODS.filter((method) => methods.includes(method) && (method !== "passkey" || hasPasskeys()));
  const [method, setMethod] = useState<Method>(accepted[0] ?? "password");
  const [value, setValue] = useState("");
  const form = useForm(async () => {
    const proof = method === "passkey" ? { passkey: await askForPasskey(await passkey()) } : proofOf(method, value);
    await run(proof).catch((error) => {
      throw refusalOf(method, error);
    });
  });
  const select = (method: Method) => {
    setMethod(method);
    setValue("");
    form.clear();
  };
  const words = texts.secondFactor;
  const switches = { passkey: words.passkey.use, code: words.useCode, recovery_code: words.useRecoveryCode, password: words.usePassword };
  if (accepted.length === 0) {
    return (
      <>
        <p>{words.passkey.unsupported}</p>
        <div class="buttons"><button type="button" class="secondary" onClick={onCancel}>{texts.cancel}</button></div>
      </>
    );
  }
  const isComplete = method === "passkey" || (method === "code" ? isCode(value) : value.trim() !== "");
  return (
    <Form form={form} label={method === "passkey" ? words.passkey.use : label} isComplete={isComplete} onCancel={onCancel}>
      <ProofField key={method} method={method} value={value} onInput={setValue} />
      <div class="switches">
        {accepted.filter((other) => other !== method).map((other) => (
          <button key={other} type="button" class="link" disabled={form.isBusy} onClick={() => select(other)}>{switches[other]}</button>
        ))}
      </div>
    </Form>
  );
}

/** Codes of the panel for refused proofs, which the server reports by one code. */
function refusalOf(method: Method, error: unknown): unknown {
  const code = error instanceof DivanError && error.code;
  if (code === "invalid_credentials") return new DivanError("wrong_password", 401);
  return code === "second_factor_invalid" && method === "passkey" ? new DivanError("passkey_invalid", 401) : error;
}

function ProofField({ method, ...field }: { method: Method; value: string; onInput: (value: string) => void }) {
  const { texts } = usePanel();
  const words = texts.secondFactor;
  if (method === "passkey") return <p>{words.passkey.useHint}</p>;
  if (method === "password") return <PasswordField label={texts.password} autocomplete="current-password" {...field} autofocus />;
  if (method === "code") return <CodeField label={words.code} hint={words.codeHint} {...field} autofocus />;
  return <Field label={words.recoveryCode} hint={words.recoveryCodeHint} autocomplete="off" {...field} autofocus />;
}

function proofOf(method: Method, value: string): IdentityProof {
  if (method === "password") return { password: value };
  return method === "code" ? { code: value.replace(/\s/g, "") } : { recoveryCode: value.trim() };
}
