import { useState } from "preact/hooks";
import { fill } from "../../shared/text.js";
import { usePanel } from "../context.js";
import { Dialog } from "./dialog.js";

/** A generated password that is shown once. */
export interface Secret {
  name: string;
  login: string;
  password: string;
  onClose?: () => void;
  onAnother?: () => void;
}

/** Shows a generated password once, to copy or print. Escape closes it after that only. */
export function GeneratedPassword({ name, login, password, onClose, onAnother }: Secret & { onClose: () => void }) {
  const { texts } = usePanel();
  const [isCopied, setCopied] = useState(false);
  const [isPrinted, setPrinted] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(password);
    setCopied(true);
  };
  const printOut = () => {
    print();
    setPrinted(true);
  };
  return (
    <Dialog title={fill(texts.generatedTitle, { name })} onClose={onClose} isHeld={!isCopied && !isPrinted}>
      <p class="login">{login}</p>
      <p class="generated"><output>{password}</output></p>
      <p class="note">{texts.generatedHint}</p>
      <div class="buttons">
        <button type="button" class="primary" onClick={() => void copy()}>
          <span aria-live="polite">{isCopied ? texts.copied : texts.copy}</span>
        </button>
        <button type="button" class="secondary" onClick={printOut}>{texts.print}</button>
        {onAnother && <button type="button" class="secondary" onClick={onAnother}>{texts.createAnother}</button>}
        <button type="button" class="secondary" onClick={onClose}>{texts.close}</button>
      </div>
    </Dialog>
  );
}
