import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { fill } from "../../shared/text.js";
import type { Confirmed } from "../texts/texts.js";
import { Form, useForm } from "./form.js";

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

/** What had the focus before the first of the dialogs. */
let opener: Element | null = null;

/** A modal dialog. Escape closes it. */
export function Dialog({ title, onClose, children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    // A dialog that replaces another one returns the focus to the same place.
    if (document.activeElement !== document.body) opener = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      const isLast = [...document.querySelectorAll("dialog")].every((other) => other === dialog);
      if (isLast && opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return (
    <dialog ref={element} aria-labelledby={id} onCancel={(event) => {
      event.preventDefault();
      onClose();
    }}>
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
  render?: (errors: Record<string, string>) => ComponentChildren;
}

/** Asks before an action, by naming the person and saying what happens. */
export function Confirm({ action, name, isDanger, onClose, run, fields = [], render }: ConfirmProps) {
  const form = useForm(run, fields);
  return (
    <Dialog title={fill(action.title, { name })} onClose={onClose}>
      <Form form={form} label={action.button} isDanger={isDanger ?? false} onCancel={onClose}>
        <p>{fill(action.text, { name })}</p>
        {render?.(form.errors)}
      </Form>
    </Dialog>
  );
}
