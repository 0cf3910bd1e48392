import { useState } from "preact/hooks";
import type { IdentityProof } from "../../client/divan.js";
import { DivanError } from "../../client/error.js";
import { usePanel } from "../context.js";
import { CodeField, Field, isCode, PasswordField } from "./field.js";
import { Form, useForm } from "./form.js";

type Method = "code" | "recovery_code" | "password";

/** Proofs that the panel can ask for, the preferred one first. */
const METHODS: readonly Method[] = ["code", "recovery_code", "password"];

interface Props {
  /** The accepted proofs, as the server names them. */
  methods: readonly string[];
  label: string;
  run: (proof: IdentityProof) => Promise<unknown>;
  onCancel: () => void;
}

/** Asks for a proof of identity, with a switch to another accepted one. */
export function ProofForm({ methods, label, run, onCancel }: Props) {
  const { texts } = usePanel();
  const accepted = METHODS.filter((method) => methods.includes(method));
  const [method, setMethod] = useState<Method>(accepted[0] ?? "password");
  const [value, setValue] = useState("");
  const form = useForm(() => run(proofOf(method, value)).catch((error) => {
    throw error instanceof DivanError && error.code === "invalid_credentials" ? new DivanError("wrong_password", error.status) : error;
  }));
  const select = (method: Method) => {
    setMethod(method);
    setValue("");
    form.clear();
  };
  const words = texts.secondFactor;
  const switches = { code: words.useCode, recovery_code: words.useRecoveryCode, password: words.usePassword };
  const isComplete = method === "code" ? isCode(value) : value.trim() !== "";
  return (
    <Form form={form} label={label} isComplete={isComplete} onCancel={onCancel}>
      <ProofField key={method} method={method} value={value} onInput={setValue} />
      <div class="switches">
        {accepted.filter((other) => other !== method).map((other) => (
          <button key={other} type="button" class="link" disabled={form.isBusy} onClick={() => select(other)}>{switches[other]}</button>
        ))}
      </div>
    </Form>
  );
}

function ProofField({ method, ...field }: { method: Method; value: string; onInput: (value: string) => void }) {
  const { texts } = usePanel();
  const words = texts.secondFactor;
  if (method === "password") return <PasswordField label={texts.password} autocomplete="current-password" {...field} autofocus />;
  if (method === "code") return <CodeField label={words.code} hint={words.codeHint} {...field} autofocus />;
  return <Field label={words.recoveryCode} hint={words.recoveryCodeHint} autocomplete="off" {...field} autofocus />;
}

function proofOf(method: Method, value: string): IdentityProof {
  if (method === "password") return { password: value };
  return method === "code" ? { code: value.replace(/\s/g, "") } : { recoveryCode: value.trim() };
}
