import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { usePanel } from "../context.js";

interface Props {
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: string;
  error?: string | undefined;
  type?: string;
  autocomplete?: string;
  required?: boolean;
  autofocus?: boolean;
  maxLength?: number;
  readOnly?: boolean;
  inputMode?: string;
  max?: string;
}

/** An input with a label, a hint and an error. */
export function Field({ label, value, onInput, hint, error, ...attributes }: Props) {
  const id = useId();
  const input = useFocus(attributes.autofocus);
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <input
        id={id}
        ref={input}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
        aria-describedby={`${id}-note`}
        aria-invalid={error ? true : undefined}
        autoCapitalize="none"
        spellcheck={false}
        {...(attributes as object)}
      />
    </Frame>
  );
}

/** Focuses an input that appears later: browsers apply `autofocus` once in a page. */
function useFocus(isWanted: boolean | undefined) {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (isWanted) input.current?.focus();
  }, []);
  return input;
}

/** An input for a one-time code of six digits, which may be typed in groups. */
export const CodeField = (props: Props) => (
  <Field {...props} inputMode="numeric" autocomplete="one-time-code" maxLength={12} />
);

export const isCode = (text: string): boolean => /^(\s*\d){6}\s*$/.test(text);

/** A password input with a button that shows the password. */
export function PasswordField(props: Props) {
  const { texts } = usePanel();
  const [shows, setShows] = useState(false);
  const id = useId();
  const { label, value, onInput, hint, error, ...attributes } = props;
  const input = useFocus(attributes.autofocus);
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <span class="with-button">
        <input
          id={id}
          ref={input}
          value={value}
          onInput={(event) => onInput(event.currentTarget.value)}
          aria-describedby={`${id}-note`}
          aria-invalid={error ? true : undefined}
          {...(attributes as object)}
          {...({ type: shows ? "text" : "password" } as object)}
        />
        <button type="button" class="link" aria-pressed={shows} onClick={() => setShows(!shows)}>
          {shows ? texts.hide : texts.show}
        </button>
      </span>
    </Frame>
  );
}

/** A text of several lines. */
export function TextArea({ label, value, onInput, hint, error, rows = 5 }: Props & { rows?: number }) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <textarea
        id={id}
        rows={rows}
        spellcheck={false}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
        aria-describedby={`${id}-note`}
        aria-invalid={error ? true : undefined}
      />
    </Frame>
  );
}

interface SelectProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly (readonly [value: string, text: string])[];
  isLabelHidden?: boolean;
}

export function Select({ label, value, onChange, options, isLabelHidden }: SelectProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={isLabelHidden ? "hidden" : ""}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
      </select>
    </div>
  );
}

interface FrameProps {
  id: string;
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  children: ComponentChildren;
}

function Frame({ id, label, hint, error, children }: FrameProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      <p id={`${id}-note`} class={error ? "note error" : "note"}>{error ?? hint}</p>
    </div>
  );
}
