import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { DivanError } from "../../client/error.js";
import { countdown } from "../../shared/duration.js";
import { usePanel } from "../context.js";
import { memberTexts, problemText } from "../problems.js";

export interface FormState {
  isBusy: boolean;
  /** Errors by the name of the member. */
  errors: Record<string, string>;
  message: string | null;
  isBlocked: boolean;
  submit: (event?: Event) => void;
  /** Removes the errors. */
  clear: () => void;
}

interface State {
  isBusy: boolean;
  error: unknown;
  /** Time until the next attempt, and the text that has it. */
  wait: { time: string; text: "busy" | "waitFor" } | null;
}

const IDLE: State = { isBusy: false, error: null, wait: null };

/** Submits once, shows problems, and keeps what was typed. */
export function useForm(run: () => Promise<unknown>, fields: readonly string[] = []): FormState {
  const { texts } = usePanel();
  const [state, setState] = useState(IDLE);
  // Several submits can come before the state is rendered.
  const isPending = useRef(false);
  const stop = useRef<() => void>(() => {});
  const isMounted = useRef(true);
  useEffect(() => () => {
    isMounted.current = false;
    stop.current();
  }, []);

  const finish = (state: State) => {
    isPending.current = false;
    setState(state);
  };
  const wait = (seconds: number, text: "busy" | "waitFor", then: () => void) => {
    const tick = (time: string) => setState({ ...IDLE, wait: { time, text } });
    stop.current = countdown(seconds, tick, () => {
      finish(IDLE);
      then();
    });
  };
  const fail = (cause: unknown) => {
    const error = cause instanceof DivanError ? cause : new DivanError("internal");
    // Nothing was attempted while the server was busy, so the request may be sent again.
    if (error.code === "overloaded") return wait(error.retryAfter ?? 2, "busy", send);
    if (error.code === "too_many_attempts" && error.retryAfter) return wait(error.retryAfter, "waitFor", () => {});
    finish({ ...IDLE, error });
  };
  const send = () => {
    isPending.current = true;
    setState({ ...IDLE, isBusy: true });
    run().then(
      () => isMounted.current && finish(IDLE),
      (cause) => isMounted.current && fail(cause),
    );
  };
  const submit = (event?: Event) => {
    event?.preventDefault();
    if (!isPending.current) send();
  };
  const errors = memberTexts(texts, state.error);
  const isShown = Object.keys(errors).some((name) => fields.includes(name));
  const message = state.wait
    ? texts[state.wait.text].replace("{time}", state.wait.time)
    : state.error && !isShown ? problemText(texts, state.error) : null;
  const clear = () => {
    if (!isPending.current) setState(IDLE);
  };
  return { isBusy: state.isBusy, errors, message, isBlocked: !!state.wait, submit, clear };
}

interface Props {
  form: FormState;
  label: string;
  children: ComponentChildren;
  isComplete?: boolean;
  isDanger?: boolean;
  onCancel?: (() => void) | undefined;
  /** Text of the button that leaves the form. */
  cancel?: string | undefined;
}

export function Form({ form, label, children, isComplete = true, isDanger, onCancel, cancel }: Props) {
  const { texts } = usePanel();
  return (
    <form noValidate onSubmit={form.submit}>
      {children}
      <div role="alert">{form.message && <p class="error">{form.message}</p>}</div>
      <div class="buttons">
        <button
          type="submit"
          class={isDanger ? "primary destructive" : "primary"}
          disabled={!isComplete || form.isBusy || form.isBlocked}
          aria-busy={form.isBusy}
        >
          {label}
        </button>
        {onCancel && <button type="button" class="secondary" disabled={form.isBusy} onClick={onCancel}>{cancel ?? texts.cancel}</button>}
      </div>
    </form>
  );
}
