import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Client, User } from "../client/divan.js";
import { SafeStorage } from "../client/storage.js";
import { fill } from "../shared/text.js";
import { LANGUAGES, type Language, languageOf } from "../shared/language.js";
import { api } from "./api.js";
import { Confirm } from "./components/dialog.js";
import { GeneratedPassword, type Secret } from "./components/generated_password.js";
import { RecoveryCodes } from "./components/recovery_codes.js";
import { LoadError, Skeleton } from "./components/status.js";
import { StepUpDialog } from "./components/step_up.js";
import { PanelContext, TEXTS, usePanel } from "./context.js";
import { useLoaded } from "./hooks.js";
import { ImportJob } from "./import/job.js";
import { type Route, useRoute } from "./router.js";
import { scopeOf } from "./scope.js";
import { Account } from "./screens/account.js";
import { Approvals } from "./screens/approvals.js";
import { Audit } from "./screens/audit.js";
import { FirstRun } from "./screens/first_run.js";
import { Import, KeptPasswords } from "./screens/import.js";
import { Lazy } from "./screens/lazy.js";
import { ReplacePassword } from "./screens/replace_password.js";
import { RequireSecondFactor } from "./screens/require_second_factor.js";
import { SignIn } from "./screens/sign_in.js";
import { UserPage } from "./screens/user.js";
import { Users } from "./screens/users.js";
import { base, bootstrapStatus, downDependencies } from "./server.js";
import type { StepUp } from "./step_up.js";
import { needsAttention, webhookApi } from "./webhooks.js";

const LANGUAGE_KEY = "divan:language";
const HEALTH_INTERVAL = 60_000;
const local = new SafeStorage(() => localStorage);

export function App({ client, stepUp }: { client: Client; stepUp: StepUp }) {
  const [language, setLanguage] = useState<Language>(() =>
    languageOf([local.getItem(LANGUAGE_KEY), ...navigator.languages]),
  );
  const [user, setUser] = useState<User | null>(null);
  const [lacksSecondFactor, setLacksSecondFactor] = useState(false);
  const [isEnded, setEnded] = useState(false);
  const [notice, setNotice] = useState("");
  const restored = useLoaded(() => client.restore(), []);
  const wasSignedIn = useRef(false);
  const isSigningOut = useRef(false);
  const typedPassword = useRef("");
  const texts = TEXTS[language];
  useEffect(() => {
    const update = async () => {
      const { session } = client;
      const user = session?.user ?? null;
      const scope = session && (await scopeOf(client).catch(() => null));
      // Another session may have begun by now.
      if (session !== client.session) return;
      setLacksSecondFactor(scope === "second-factor-enrolment");
      setEnded(!user && wasSignedIn.current && !isSigningOut.current);
      wasSignedIn.current = !!user;
      isSigningOut.current = false;
      if (!user?.password_change_required) typedPassword.current = "";
      setUser(user);
    };
    void update();
    return client.onChange(() => void update());
  }, [restored.isLoading]);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = texts.title;
  }, [language]);
  useEffect(() => {
    if (!notice) return;
    const timer = setTimeout(() => setNotice(""), 4000);
    return () => clearTimeout(timer);
  }, [notice]);
  const { job, renew } = useImportJob(client, user?.id);
  const [secrets, setSecrets] = useState<Secret[]>([]);
  const reveal = (secret: Secret) => setSecrets((secrets) => [...secrets, secret]);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [asksSignOut, setAsksSignOut] = useState(false);
  const isLimited = !!user?.password_change_required || lacksSecondFactor;
  const promotions = usePromotions(client, !!user && !isLimited);
  const webhooks = useWebhooks(client, !!user && !isLimited);
  const panel = useMemo(
    () => ({ client, language, texts, user, typedPassword, job, promotions, webhooks, reveal, revealCodes: setCodes, notify: setNotice }),
    [client, language, user, job, promotions.value, promotions.error, webhooks.value, webhooks.error, webhooks.isLoading],
  );
  const selectLanguage = (language: Language) => {
    local.setItem(LANGUAGE_KEY, language);
    setLanguage(language);
  };
  const signOut = () => {
    isSigningOut.current = true;
    setAsksSignOut(false);
    renew();
    void client.signOut().catch(() => {});
  };
  return (
    <PanelContext.Provider value={panel}>
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.getElementById("main")?.focus();
      }}>{texts.skip}</a>
      <Header user={user} isLimited={isLimited} language={language} onLanguage={selectLanguage} onSignOut={() => job.isAtRisk ? setAsksSignOut(true) : signOut()} />
      <main id="main" tabIndex={-1}>
        {!user && (restored.isLoading || client.session) ? <Skeleton /> : null}
        {restored.error && !user ? <LoadError error={restored.error} retry={restored.reload} /> : null}
        {!restored.isLoading && !restored.error && !user && !client.session ? <><SignedOut isEnded={isEnded} /><KeptPasswords /></> : null}
        {user && <Content user={user} lacksSecondFactor={lacksSecondFactor} />}
      </main>
      {asksSignOut && user && (
        <Confirm action={texts.import.discard} name="" isDanger onClose={() => setAsksSignOut(false)} run={async () => signOut()} />
      )}
      {secrets.slice(0, 1).map((secret) => (
        <Revealed key={secret.password} secret={secret} onDone={() => setSecrets((secrets) => secrets.slice(1))} />
      ))}
      {codes && <RecoveryCodes codes={codes} onClose={() => setCodes(null)} />}
      <StepUpDialog stepUp={stepUp} />
      <div class="notice" role="status">{notice && <span>{notice}</span>}</div>
    </PanelContext.Provider>
  );
}

/** What an administrator has to do first, or the screens. */
function Content({ user, lacksSecondFactor }: { user: User; lacksSecondFactor: boolean }) {
  if (user.password_change_required) return <ReplacePassword />;
  return lacksSecondFactor ? <RequireSecondFactor /> : <SignedIn />;
}

function Revealed({ secret, onDone }: { secret: Secret; onDone: () => void }) {
  const { onClose, onAnother } = secret;
  const another = () => {
    onDone();
    onAnother?.();
  };
  const close = () => {
    onDone();
    onClose?.();
  };
  return <GeneratedPassword {...secret} onClose={close} onAnother={onAnother && another} />;
}

/**
 * The import of the signed-in administrator. One whose passwords are not saved outlives the session,
 * and the browser asks before a close would lose something.
 */
function useImportJob(client: Client, user: string | undefined) {
  const [job, setJob] = useState(() => new ImportJob(client, base));
  const owner = useRef<string | undefined>(undefined);
  const renew = () => setJob(new ImportJob(client, base));
  useEffect(() => {
    if (!user || user === owner.current) return;
    owner.current = user;
    if (!job.isAtRisk) renew();
  }, [user]);
  useLayoutEffect(() => {
    const ask = (event: BeforeUnloadEvent) => job.isAtRisk && event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [job]);
  return { job, renew };
}

/** Promotions that wait for an approval, loaded again with each section. */
function usePromotions(client: Client, isSignedIn: boolean) {
  const [section] = useRoute().path;
  return useLoaded(async () => (isSignedIn ? (await api.promotions(client)).items : []), [isSignedIn, section]);
}

/** The webhooks, loaded again with each section, and with each of their own screens. */
function useWebhooks(client: Client, isSignedIn: boolean) {
  const { path } = useRoute();
  const screen = path[0] === "webhooks" ? path.join("/") : path[0];
  return useLoaded(async () => (isSignedIn ? webhookApi.list(client) : null), [isSignedIn, screen]);
}

interface HeaderProps {
  user: User | null;
  /** Whether the administrator has to do something first. */
  isLimited: boolean;
  language: Language;
  onLanguage: (language: Language) => void;
  onSignOut: () => void;
}

function Header({ user, isLimited, language, onLanguage, onSignOut }: HeaderProps) {
  const { texts, promotions, webhooks } = usePanel();
  const [section = "users"] = useRoute().path;
  const link = (name: string, text: string) => (
    <a href={`#/${name}`} aria-current={section === name || (section === "import" && name === "users") ? "page" : undefined}>{text}</a>
  );
  const counted = (name: string, text: string, n: number) => link(name, n > 0 ? `${text} (${n})` : text);
  const waiting = promotions.value?.length ?? 0;
  const failing = webhooks.value?.filter(needsAttention).length ?? 0;
  return (
    <header class="bar">
      <span class="brand">Divan</span>
      {user && !isLimited && (
        <nav>
          {link("users", texts.users)}
          {(waiting > 0 || section === "approvals") && counted("approvals", texts.approvals.title, waiting)}
          {link("services", texts.services)}
          {(webhooks.value || webhooks.error) && counted("webhooks", texts.webhooks, failing)}
          {link("audit", texts.audit)}
          {link("account", texts.account)}
        </nav>
      )}
      <span class="end">
        <label class="hidden" for="language">{texts.language}</label>
        <select id="language" value={language} onChange={(event) => onLanguage(event.currentTarget.value as Language)}>
          {Object.entries(LANGUAGES).map(([code, name]) => <option key={code} value={code} lang={code}>{name}</option>)}
        </select>
        {user && <button type="button" class="link" onClick={onSignOut}>{texts.signOut}</button>}
      </span>
    </header>
  );
}

function SignedOut({ isEnded }: { isEnded: boolean }) {
  const status = useLoaded(() => bootstrapStatus(), []);
  const [isFirstRun, setFirstRun] = useState<boolean | null>(null);
  if (status.isLoading) return <Skeleton rows={3} />;
  if (isFirstRun ?? status.value?.is_open ?? false) {
    return <FirstRun needsToken={status.value?.token_required ?? false} onCancel={() => setFirstRun(false)} />;
  }
  // A server that did not answer leaves the decision to the user.
  const mayBeOpen = status.value === null || status.value.is_open;
  return <SignIn isEnded={isEnded} onFirstRun={mayBeOpen ? () => setFirstRun(true) : null} />;
}

function SignedIn() {
  const route = useRoute();
  const main = route.path.join("/");
  const isFirst = useRef(true);
  useLayoutEffect(() => {
    if (!isFirst.current) {
      scrollTo(0, 0);
      document.getElementById("main")?.focus();
    }
    isFirst.current = false;
  }, [main]);
  return <><Banner /><Screen key={route.visit} route={route} /></>;
}

function Screen({ route }: { route: Route }): ComponentChildren {
  const { texts } = usePanel();
  const [section = "users", id] = route.path;
  if (section === "users") return id ? <UserPage id={id} /> : <Users query={route.query} />;
  if (section === "import") return <Import />;
  if (section === "services" || section === "webhooks") return <Lazy route={route} />;
  if (section === "audit") return <Audit query={route.query} />;
  if (section === "approvals") return <Approvals />;
  if (section === "account") return <Account />;
  return <div class="empty"><p>{texts.notFound}</p><a href="#/users">{texts.users}</a></div>;
}

/** Reports a degraded server, and a lost connection. */
function Banner() {
  const { texts } = usePanel();
  const [down, setDown] = useState<string[]>([]);
  const [isOnline, setOnline] = useState(navigator.onLine);
  useLayoutEffect(() => {
    const check = () => void downDependencies().then(setDown);
    const update = () => setOnline(navigator.onLine);
    check();
    const timer = setInterval(check, HEALTH_INTERVAL);
    addEventListener("online", update);
    addEventListener("offline", update);
    return () => {
      clearInterval(timer);
      removeEventListener("online", update);
      removeEventListener("offline", update);
    };
  }, []);
  const text = isOnline ? down.length > 0 && fill(texts.degraded, { list: down.join(", ") }) : texts.offline;
  return <div role="status">{text && <p class="banner">{text}</p>}</div>;
}
