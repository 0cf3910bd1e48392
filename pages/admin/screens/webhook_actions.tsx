import { useState } from "preact/hooks";
import { dayOf, startOfDay } from "../../shared/date.js";
import { fill } from "../../shared/text.js";
import { Confirm, Dialog } from "../components/dialog.js";
import { Field } from "../components/field.js";
import { Form, useForm } from "../components/form.js";
import { usePanel } from "../context.js";
import { useMoreTexts } from "../more_texts.js";
import { hostOf, type Webhook, webhookApi, type WebhookTest } from "../webhooks.js";
import { errorText } from "./webhooks.js";

type Action = "test" | "enable" | "disable" | "replay" | "rotate" | "remove";

const DANGEROUS: readonly Action[] = ["disable", "remove"];

interface Props {
  webhook: Webhook;
  onChange: () => void;
}

/** What can be done with a webhook. Each action asks first. */
export function WebhookActions({ webhook, onChange }: Props) {
  const { client, texts, webhooks, reveal, notify } = usePanel();
  const words = useMoreTexts().webhooks;
  const [action, setAction] = useState<Action | null>(null);
  const [day, setDay] = useState("");
  const { id, url } = webhook;
  const name = hostOf(url);
  const close = () => setAction(null);
  const rotate = async () => {
    const { secret } = await webhookApi.rotate(client, id);
    reveal({ kind: "webhook", name: webhook.description ?? name, login: url, password: secret });
  };
  const calls: Record<Exclude<Action, "test">, () => Promise<unknown>> = {
    enable: () => webhookApi.update(client, id, { state: "enabled" }),
    disable: () => webhookApi.update(client, id, { state: "disabled" }),
    replay: () => webhookApi.replay(client, id, startOfDay(day, 0)),
    rotate,
    remove: () => webhookApi.remove(client, id),
  };
  const run = async (action: Exclude<Action, "test">) => {
    await calls[action]();
    close();
    if (action !== "rotate") notify(texts.saved);
    if (action !== "remove") return onChange();
    webhooks.reload();
    location.replace("#/webhooks");
  };
  const ask = (action: Action) => {
    setDay(dayOf(new Date()));
    setAction(action);
  };
  const available: Action[] = ["test", webhook.state === "enabled" ? "disable" : "enable", "replay", "rotate", "remove"];
  return (
    <section class="card" aria-label={texts.actions}>
      <ul class="actions">
        {available.map((action) => (
          <li key={action}>
            <button type="button" class={DANGEROUS.includes(action) ? "item danger" : "item"} onClick={() => ask(action)}>{words[action].button}</button>
          </li>
        ))}
      </ul>
      {action === "test" && <SendTest id={id} name={name} onClose={close} />}
      {action && action !== "test" && (
        <Confirm action={words[action]} name={name} isDanger={DANGEROUS.includes(action)} onClose={close} run={() => run(action)}
          fields={["since"]} isComplete={action !== "replay" || startOfDay(day, 0) !== null} render={(errors) => action === "replay" && (
            <Field label={texts.sinceDate} type="date" max={dayOf(new Date())} value={day} onInput={setDay} error={errors["since"]} />
          )} />
      )}
    </section>
  );
}

/** Sends a test event, and shows the result. */
function SendTest({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const { client, texts } = usePanel();
  const words = useMoreTexts().webhooks;
  const [result, setResult] = useState<WebhookTest | null>(null);
  const form = useForm(async () => {
    setResult(null);
    setResult(await webhookApi.test(client, id));
  });
  return (
    <Dialog title={fill(words.test.title, { name })} onClose={onClose} isHeld={form.isBusy}>
      <Form form={form} label={result ? words.testAgain : words.test.button} onCancel={onClose} cancel={result ? texts.close : undefined}>
        <p>{words.test.text}</p>
        <div role="status">{form.isBusy ? <p class="hint">{words.sending}</p> : result && <Result result={result} />}</div>
      </Form>
    </Dialog>
  );
}

function Result({ result }: { result: WebhookTest }) {
  const words = useMoreTexts().webhooks;
  const { delivered, status, duration_ms: ms } = result;
  return delivered
    ? <p class="success">{fill(words.delivered, { status, ms })}</p>
    : <p class="error">{fill(words.notDelivered, { reason: errorText(words, result), ms })}</p>;
}
