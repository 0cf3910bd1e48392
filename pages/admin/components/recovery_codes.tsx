import { useState } from "preact/hooks";
import { usePanel } from "../context.js";
import { download } from "../export.js";
import { useLeaveQuestion } from "../hooks.js";
import { Dialog } from "./dialog.js";

/** Shows recovery codes once, to copy, download or print. Asks before they are lost. */
export function RecoveryCodes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const { texts } = usePanel();
  const [saved, setSaved] = useState<"copied" | "kept" | null>(null);
  const [asks, setAsks] = useState(false);
  useLeaveQuestion(!saved);
  const text = `${codes.join("\n")}\n`;
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setSaved("copied");
  };
  const save = () => {
    download(new Blob([text], { type: "text/plain" }), "divan-recovery-codes.txt");
    setSaved("kept");
  };
  const printOut = () => {
    print();
    setSaved("kept");
  };
  const words = texts.secondFactor;
  return (
    <Dialog title={words.codesTitle} onClose={onClose} isHeld={!saved} onHeld={() => setAsks(true)}>
      {asks && !saved ? (
        <>
          <p role="alert">{words.unsaved}</p>
          <div class="buttons">
            <button type="button" class="primary" onClick={() => setAsks(false)}>{words.back}</button>
            <button type="button" class="secondary" onClick={onClose}>{words.closeAnyway}</button>
          </div>
        </>
      ) : (
        <>
          <p>{words.codesHint}</p>
          <ul class="codes mono">{codes.map((code) => <li key={code}>{code}</li>)}</ul>
          <div class="buttons">
            <button type="button" class="primary" onClick={() => void copy()}>
              <span aria-live="polite">{saved === "copied" ? texts.copied : texts.copy}</span>
            </button>
            <button type="button" class="secondary" onClick={save}>{words.download}</button>
            <button type="button" class="secondary" onClick={printOut}>{texts.print}</button>
            <button type="button" class="secondary" onClick={() => saved ? onClose() : setAsks(true)}>{words.done}</button>
          </div>
        </>
      )}
    </Dialog>
  );
}
