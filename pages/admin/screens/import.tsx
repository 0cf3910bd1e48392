import { useEffect, useState } from "preact/hooks";
import { fill } from "../../shared/text.js";
import { Confirm } from "../components/dialog.js";
import { usePanel } from "../context.js";
import type { ImportJob, ImportState } from "../import/job.js";
import { plural } from "../plural.js";
import { problemText } from "../problems.js";
import { ChooseFile } from "./import_file.js";
import { Passwords } from "./import_passwords.js";
import { Preview } from "./import_preview.js";

/** Imports a list of users: file, preview, progress, and the generated passwords. */
export function Import() {
  const { texts, job } = usePanel();
  const state = useJob(job);
  const isDone = state.step === "finished";
  const [asks, setAsks] = useState(false);
  return (
    <>
      <p class="breadcrumb"><a href="#/users">‹ {texts.users}</a></p>
      <header class="title">
        <h1>{texts.import.title}</h1>
        {state.fileName && <span class="count">{state.fileName}</span>}
      </header>
      {!isDone && state.step !== "importing" && <ChooseFile job={job} state={state} />}
      <Status job={job} state={state} />
      {state.step === "preview" && state.preview && <Preview job={job} preview={state.preview} />}
      {state.passwords && state.passwords.length > 0 && <Passwords passwords={state.passwords} onSaved={job.saved} />}
      {isDone && (
        <div class="buttons">
          <a class="secondary" href="#/users">{texts.import.showUsers}</a>
          <button type="button" class="secondary" onClick={() => job.isAtRisk ? setAsks(true) : job.reset()}>{texts.import.another}</button>
        </div>
      )}
      {asks && (
        <Confirm action={texts.import.discard} name="" isDanger onClose={() => setAsks(false)} run={async () => {
          setAsks(false);
          job.reset();
        }} />
      )}
    </>
  );
}

/** Passwords of an import whose session has ended: they cannot be shown again. */
export function KeptPasswords() {
  const { texts, job } = usePanel();
  const { passwords, isUncertain } = useJob(job);
  if (!passwords?.length) return null;
  return (
    <>
      {isUncertain && <p class="banner">{texts.import.uncertain}</p>}
      <Passwords passwords={passwords} onSaved={job.saved} />
    </>
  );
}

function useJob(job: ImportJob): ImportState {
  const [state, setState] = useState(job.state);
  useEffect(() => {
    const update = () => setState(job.state);
    update();
    job.onChange = update;
    return () => void (job.onChange = () => {});
  }, [job]);
  return state;
}

/** What happens now, or has happened. Read out by screen readers. */
function Status({ job, state }: { job: ImportJob; state: ImportState }) {
  const { texts, language } = usePanel();
  const { step, error, isTooLarge, progress, result, isUncertain } = state;
  const words = texts.import;
  return (
    <div role="status">
      {isTooLarge && <p class="banner">{words.tooLarge}</p>}
      {error !== null && !isTooLarge && (
        <div class="banner">
          <p>{step === "preview" && state.preview ? `${words.failed} ` : ""}{problemText(texts, error)}</p>
          {!state.preview && <button type="button" class="link" onClick={job.check}>{texts.retry}</button>}
        </div>
      )}
      {step === "checking" && <p class="hint">{words.checking}</p>}
      {step === "importing" && (
        <section class="card padded">
          <h2>{words.importing}</h2>
          <progress aria-label={words.importing} {...(progress ? { max: progress.total, value: progress.done } : {})} />
          <p class="note">{progress ? fill(words.progress, { done: progress.done, total: progress.total }) : texts.loading}</p>
          <p class="note">{words.keepOpen}</p>
        </section>
      )}
      {result && (
        <p class="success">
          {fill(words.done, { added: plural(language, texts.usersCount, result.added), changed: result.changed, unchanged: result.unchanged })}
        </p>
      )}
      {isUncertain && <p class="banner">{words.uncertain}</p>}
    </div>
  );
}

