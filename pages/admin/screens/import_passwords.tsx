import { useState } from "preact/hooks";
import { exactTime } from "../../shared/date.js";
import { fill } from "../../shared/text.js";
import type { ImportedPassword } from "../api.js";
import { usePanel } from "../context.js";
import { download } from "../export.js";
import { passwordsCsv, passwordsText } from "../import/csv.js";

interface Props {
  passwords: ImportedPassword[];
  onSaved: () => void;
}

/** Generated passwords of an import, shown once: all of them, because the page is printed too. */
export function Passwords({ passwords, onSaved }: Props) {
  const { texts, language } = usePanel();
  const [isCopied, setCopied] = useState(false);
  const words = texts.import;
  const copy = async () => {
    await navigator.clipboard.writeText(passwordsText(passwords));
    setCopied(true);
    onSaved();
  };
  const save = () => {
    download(new Blob([passwordsCsv(passwords)], { type: "text/csv;charset=utf-8" }), "passwords.csv");
    onSaved();
  };
  const printAll = () => {
    print();
    onSaved();
  };
  return (
    <section aria-labelledby="import-passwords">
      <h2 id="import-passwords">{words.passwords}</h2>
      <p class="lead">{fill(words.passwordsHint, { time: exactTime(language, passwords[0]?.expires_at ?? "") })}</p>
      <div class="buttons above">
        <button type="button" class="primary" onClick={save}>{words.download}</button>
        <button type="button" class="secondary" onClick={() => void copy()}>
          <span aria-live="polite">{isCopied ? texts.copied : words.copyAll}</span>
        </button>
        <button type="button" class="secondary" onClick={printAll}>{texts.print}</button>
      </div>
      <table class="card list named">
        <thead><tr><th>{texts.name}</th><th>{texts.phone}, {texts.email}</th><th>{texts.password}</th></tr></thead>
        <tbody>
          {passwords.map(({ user_id, full_name, phone, email, password }) => (
            <tr key={user_id}>
              <td>{full_name}</td>
              <td>{[phone, email].filter(Boolean).join(", ")}</td>
              <td class="mono secret">{password}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
