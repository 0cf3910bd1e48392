import { useState } from "preact/hooks";
import { fill } from "../../shared/text.js";
import { usePanel } from "../context.js";
import { useLeaveQuestion } from "../hooks.js";
import { Dialog } from "./dialog.js";

/** A generated password or secret that is shown once. */
export interface Secret {
  name: string;
  /** What it is used with: a login, a `client_id` or a URL. */
  login: string;
  password: string;
  /** Not for a person: it is not printed. */
  kind?: "service" | "webhook";
  onClose?: () => void;
  onAnother?: () => void;
}

/** Shows a generated password or secret once, to copy or print. Escape closes it after that only. */
export function GeneratedPassword({ name, login, password, kind, onClose, onAnother }: Secret & { onClose: () => void }) {
  const { texts } = usePanel();
  const [isCopied, setCopied] = useState(false);
  const [isPrinted, setPrinted] = useState(false);
  const isKept = isCopied || isPrinted;
  useLeaveQuestion(!isKept);
  const copy = async () => {
    await navigator.clipboard.writeText(password);
    setCopied(true);
  };
  const printOut = () => {
    print();
    setPrinted(true);
  };
  const [title, hint] = kind ? [texts.secretTitle, texts.secretHints[kind]] : [texts.generatedTitle, texts.generatedHint];
  return (
    <Dialog title={fill(title, { name })} onClose={onClose} isHeld={!isKept}>
      <p class="login">{login}</p>
      <p class={kind ? "generated long" : "generated"} onCopy={() => setCopied(true)}><output>{password}</output></p>
      <p class="note">{hint}</p>
      <div class="buttons">
        <button type="button" class="primary" onClick={() => void copy()}>
          <span aria-live="polite">{isCopied ? texts.copied : texts.copy}</span>
        </button>
        {!kind && <button type="button" class="secondary" onClick={printOut}>{texts.print}</button>}
        {onAnother && <button type="button" class="secondary" onClick={onAnother}>{texts.createAnother}</button>}
        <button type="button" class="secondary" onClick={onClose}>{texts.close}</button>
      </div>
    </Dialog>
  );
}
