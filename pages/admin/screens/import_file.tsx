import { useRef, useState } from "preact/hooks";
import { Choice } from "../components/choice.js";
import { usePanel } from "../context.js";
import type { ImportJob, ImportOptions, ImportState } from "../import/job.js";

const COLUMNS = "name, phone, email, role, active, telegram_id, external_id, hash";

/** A file, chosen or dropped, and the options of the import. */
export function ChooseFile({ job, state }: { job: ImportJob; state: ImportState }) {
  const { texts } = usePanel();
  const [isOver, setOver] = useState(false);
  const words = texts.import;
  const option = (name: keyof ImportOptions) => ({
    isChecked: state.options[name],
    onChange: (isChecked: boolean) => void job.setOptions({ [name]: isChecked }),
  });
  const choose = (files: FileList | null | undefined) => {
    const [file] = files ?? [];
    if (file) void job.choose(file);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    choose(event.dataTransfer?.files);
  };
  const over = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  return (
    <section class="card padded">
      <FileInput isOver={isOver} isFirst={state.fileName === ""} onChoose={choose} onDrop={drop} onDragOver={over} onDragLeave={() => setOver(false)} />
      {state.fileName === "" && <p class="note">{words.format} <span class="mono" lang="en">{COLUMNS}</span></p>}
      <Choice label={words.update} hint={words.updateHint} {...option("update")} />
      <Choice label={words.resetAdmins} hint={words.resetAdminsHint} {...option("reset_admin_passwords")} />
    </section>
  );
}

interface FileProps {
  isOver: boolean;
  isFirst: boolean;
  onChoose: (files: FileList | null) => void;
  onDrop: (event: DragEvent) => void;
  onDragOver: (event: DragEvent) => void;
  onDragLeave: () => void;
}

function FileInput({ isOver, isFirst, onChoose, ...drag }: FileProps) {
  const { texts } = usePanel();
  const input = useRef<HTMLInputElement>(null);
  const change = () => {
    onChoose(input.current?.files ?? null);
    // The same file can be chosen again after it was mended.
    if (input.current) input.current.value = "";
  };
  return (
    <label class={`drop ${isOver ? "over" : ""} ${isFirst ? "first" : ""}`} {...drag}>
      <input ref={input} class="hidden" type="file" accept=".csv,.txt,.tsv,text/csv,text/plain" onChange={change} />
      <span class="secondary">{isFirst ? texts.import.choose : texts.import.chooseOther}</span>
      <span class="note">{texts.import.drop}</span>
    </label>
  );
}
