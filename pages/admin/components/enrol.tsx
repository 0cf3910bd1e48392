import { useState } from "preact/hooks";
import { DivanError } from "../../client/error.js";
import { api } from "../api.js";
import { usePanel } from "../context.js";
import { useLoaded } from "../hooks.js";
import { CodeField, isCode } from "./field.js";
import { Form, useForm } from "./form.js";
import { LoadError, Skeleton } from "./status.js";

interface Props {
  onDone: () => void;
  onCancel: () => void;
}

/** Sets up an authenticator app: a QR code, its key as text, and the first code of the app. */
export function Enrol({ onDone, onCancel }: Props) {
  const { client, texts, revealCodes } = usePanel();
  const words = texts.secondFactor;
  const enrolment = useLoaded(() => api.beginSecondFactor(client), []);
  const [code, setCode] = useState("");
  const [isExpired, setExpired] = useState(false);
  const form = useForm(async () => {
    try {
      const { recovery_codes, token } = await api.confirmSecondFactor(client, code.replace(/\s/g, ""));
      revealCodes(recovery_codes);
      client.replaceAccessToken(token);
      onDone();
    } catch (error) {
      if (!(error instanceof DivanError) || error.code !== "not_found") throw error;
      setExpired(true);
      setCode("");
      enrolment.reload();
    }
  });
  if (enrolment.error) return <LoadError error={enrolment.error} retry={enrolment.reload} onCancel={onCancel} />;
  if (!enrolment.value) return <Skeleton rows={4} />;
  const { secret, uri, qr_code } = enrolment.value;
  return (
    <Form form={form} label={words.turnOn} isComplete={isCode(code)} onCancel={onCancel}>
      {isExpired && <p class="error" role="alert">{words.expired}</p>}
      <p>{words.scan}</p>
      <img class="qr" src={`data:image/svg+xml,${encodeURIComponent(qr_code)}`} alt={words.qrCode} />
      <p class="note">{words.key}</p>
      <p class="key mono">{secret.replace(/(.{4})(?=.)/g, "$1 ")}</p>
      <p><a href={uri}>{words.openApp}</a></p>
      <CodeField label={words.firstCode} value={code} onInput={setCode} autofocus />
    </Form>
  );
}
