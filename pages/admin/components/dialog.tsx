import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { fill } from "../../shared/text.js";
import type { Confirmed } from "../texts/texts.js";
import { Form, useForm } from "./form.js";

interface Props {
  title: string;
  onClose: () => void;
  /** Whether the dialog must stay: a request runs, or something would be lost. */
  isHeld?: boolean;
  /** Called when Escape is pressed although the dialog is held. */
  onHeld?: () => void;
  children: ComponentChildren;
}

/** What had the focus before the first of the dialogs. */
let opener: Element | null = null;

/** The open dialogs, the topmost last. */
let open: HTMLDialogElement[] = [];

/** A modal dialog. Escape closes it, unless it is held. */
export function Dialog({ title, onClose, isHeld = false, onHeld, children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const dialog = element.current;
    if (!dialog) return;
    // A dialog that replaces another one returns the focus to the same place.
    if (open.length === 0 && document.activeElement !== document.body) opener = document.activeElement;
    open.push(dialog);
    dialog.showModal();
    return () => {
      dialog.close();
      open = open.filter((other) => other !== dialog);
      const next = open.at(-1) ?? opener;
      // The button that opened this dialog may be disabled now.
      if (next instanceof HTMLElement && !next.contains(document.activeElement)) next.focus();
    };
  }, []);
  // Before the next key: a dialog that is no longer held closes at once.
  useLayoutEffect(() => {
    if (!isHeld) return;
    // The focus can be outside the dialog, because its focused button was disabled.
    const ignore = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || open.at(-1) !== element.current) return;
      event.preventDefault();
      onHeld?.();
    };
    addEventListener("keydown", ignore, true);
    return () => removeEventListener("keydown", ignore, true);
  }, [isHeld, onHeld]);
  const cancel = (event: Event) => {
    event.preventDefault();
    if (isHeld) onHeld?.();
    else onClose();
  };
  // Browsers close a dialog in spite of `preventDefault` when the gesture is repeated.
  const closed = () => {
    const dialog = element.current;
    if (!dialog?.isConnected || dialog.open) return;
    if (!isHeld) return onClose();
    dialog.showModal();
    onHeld?.();
  };
  return (
    <dialog ref={element} tabIndex={-1} aria-labelledby={id} onCancel={cancel} onClose={closed}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  action: Confirmed;
  name: string;
  isDanger?: boolean;
  onClose: () => void;
  run: () => Promise<unknown>;
  children?: ComponentChildren;
  fields?: readonly string[];
  isComplete?: boolean;
  render?: (errors: Record<string, string>) => ComponentChildren;
}

/** Asks before an action, by naming the person and saying what happens. */
export function Confirm({ action, name, isDanger, onClose, run, fields = [], isComplete = true, render }: ConfirmProps) {
  const form = useForm(run, fields);
  return (
    <Dialog title={fill(action.title, { name })} onClose={onClose} isHeld={form.isBusy}>
      <Form form={form} label={action.button} isDanger={isDanger ?? false} isComplete={isComplete} onCancel={onClose}>
        <p>{fill(action.text, { name })}</p>
        {render?.(form.errors)}
      </Form>
    </Dialog>
  );
}
