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

/** A modal dialog. Escape closes it. */
export function Dialog({ title, onClose, children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const opener = document.activeElement;
    element.current?.showModal();
    return () => opener instanceof HTMLElement && opener.isConnected && opener.focus();
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
