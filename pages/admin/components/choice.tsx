import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Props {
  label: ComponentChildren;
  hint?: string;
  isChecked: boolean;
  onChange: (isChecked: boolean) => void;
  /** Name of the group of which one is chosen; without it, each is chosen by itself. */
  group?: string;
}

/** A checkbox or a radio button with an explanation. */
export function Choice({ label, hint, isChecked, onChange, group }: Props) {
  return (
    <label class="option">
      <input type={group ? "radio" : "checkbox"} name={group} checked={isChecked} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{label}{hint && <span class="note">{hint}</span>}</span>
    </label>
  );
}

interface ChoicesProps {
  label: string;
  hint?: string;
  error?: string | undefined;
  children: ComponentChildren;
}

/** Choices that belong together. */
export function Choices({ label, hint, error, children }: ChoicesProps) {
  const id = useId();
  return (
    <fieldset class="field" aria-describedby={`${id}-note`}>
      <legend>{label}</legend>
      {children}
      <p id={`${id}-note`} class={error ? "note error" : "note"}>{error ?? hint}</p>
    </fieldset>
  );
}
