// A Mini App that signs in with Divan and calls a service of its own with the access token.
import { DivanError, fetch, onChange, session, signIn, signOut } from "http://divan.localhost:8000/divan.js";

const $ = (id) => document.getElementById(id);
const say = (text) => ($("message").textContent = text);

const TEXTS = {
  invalid_credentials: "The phone number or the password is wrong.",
  too_many_attempts: "Too many attempts. Wait a moment.",
  network: "No connection to the server.",
};

/** Telegram adds the init data to the address; outside Telegram, development mode signs test data. */
async function initData() {
  const given = new URLSearchParams(location.hash.slice(1)).get("tgWebAppData");
  if (given) return given;
  const response = await window.fetch("http://divan.localhost:8000/auth/telegram/test-init-data", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ telegram_id: 42 }),
  });
  if (!response.ok) throw new DivanError("init_data_missing");
  return (await response.json()).init_data;
}

async function greet() {
  // Like the browser's `fetch`: the access token is added, and renewed when it is about to expire.
  const response = await fetch("/api/hello");
  $("greeting").textContent = response.ok ? await response.text() : `The service returned ${response.status}.`;
}

async function attempt(credentials) {
  try {
    await signIn({ ...credentials, initData: await initData() });
  } catch (error) {
    if (!(error instanceof DivanError)) throw error;
    say(error.code === "password_required" ? "Sign in." : (TEXTS[error.code] ?? `Sign-in failed: ${error.code}`));
  }
}

function show() {
  $("sign-in").hidden = session !== null;
  $("signed-in").hidden = session === null;
  say(session ? `Signed in: ${session.user.full_name}` : "Sign in.");
  if (session) void greet();
}

onChange(show);
$("sign-out").addEventListener("click", () => void signOut());
$("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(Object.fromEntries(new FormData(event.target)));
});
show();
await attempt({});
