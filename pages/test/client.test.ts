import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { createClient } from "../client/create.js";
import type { ClientOptions } from "../client/divan.js";
import { SafeStorage } from "../client/storage.js";
import { FakeServer, json, MemoryStorage, problem, SERVER, tokens, user } from "./fake_server.js";

const LOGIN = "/auth/telegram/login";
const AUTO = "/auth/telegram/auto-login";
const REFRESH = "/auth/refresh";
const credentials = { phone: "+77011234567", password: "umbrella 77", initData: "signed" };

let time = 0;
let server: FakeServer;

beforeEach(() => {
  time = 1000;
  server = new FakeServer().on(`POST ${LOGIN}`, () => tokens(1)).on("GET /auth/me", () => json(user));
  mock.method(performance, "now", () => time);
  // Delays pass at once, and move the clock.
  const setTimer = globalThis.setTimeout;
  mock.method(globalThis, "setTimeout", (action: () => void, delay = 0) => {
    if (delay > 5000) return setTimer(() => {}, 0);
    time += delay;
    return setTimer(action, 0);
  });
});
afterEach(() => mock.restoreAll());

const client = (options: ClientOptions = {}) =>
  createClient({ server: SERVER, transport: server.fetch, ...options });

async function signedIn(options?: ClientOptions) {
  const signedIn = client(options);
  await signedIn.signIn(credentials);
  return signedIn;
}

test("sign_in_sends_the_credentials_and_begins_a_session", async () => {
  const divan = client();
  const seen: unknown[] = [];
  divan.onChange((session) => seen.push(session?.user.id));
  assert.equal((await divan.signIn(credentials)).id, user.id);
  assert.deepEqual(server.received[0]?.body, {
    phone: "+77011234567",
    password: "umbrella 77",
    init_data: "signed",
  });
  assert.equal(divan.session?.user.full_name, "First Last");
  assert.deepEqual(seen, [user.id]);
});

test("sign_in_is_never_sent_twice", async () => {
  for (const reply of ["lost", problem(503, "overloaded", { "Retry-After": "1" })] as const) {
    server = new FakeServer().on(`POST ${LOGIN}`, () => reply);
    await assert.rejects(client().signIn(credentials), { code: reply === "lost" ? "network" : "overloaded" });
    assert.equal(server.received.length, 1);
  }
});

test("concurrent_auto_logins_share_one_request", async () => {
  server.on(`POST ${AUTO}`, () => tokens(1));
  const divan = client();
  await Promise.all([divan.signIn({ initData: "signed" }), divan.signIn({ initData: "signed" })]);
  assert.deepEqual(server.to(AUTO).map(({ body }) => body), [{ init_data: "signed" }]);
});

test("sign_in_without_init_data_sends_nothing", async () => {
  await assert.rejects(client().signIn(), { code: "init_data_missing" });
  assert.equal(server.received.length, 0);
});

test("error_has_code_status_retry_after_and_member_errors", async () => {
  server.on(`POST ${LOGIN}`, () => problem(429, "too_many_attempts", { "Retry-After": "30" }));
  await assert.rejects(client().signIn(credentials), { code: "too_many_attempts", status: 429, retryAfter: 30 });
  server.on(`POST ${LOGIN}`, () => new Response("<html>", { status: 502 }));
  await assert.rejects(client().signIn(credentials), { code: "unexpected_response", status: 502 });
});

test("request_has_the_access_token_until_a_refresh_is_due", async () => {
  const divan = await signedIn();
  server.on(`POST ${REFRESH}`, () => tokens(2));
  time += 700_000;
  await divan.request("GET", "auth/me");
  assert.equal(server.to(REFRESH).length, 0);
  time += 115_000;
  await divan.request("GET", "auth/me");
  assert.deepEqual(server.to(REFRESH).map(({ body }) => body), [{ refresh_token: "refresh-1" }]);
  assert.deepEqual(server.to("/auth/me").map(({ token }) => token), ["access-1", "access-2"]);
});

test("concurrent_requests_share_one_refresh", async () => {
  const divan = await signedIn();
  server.on(`POST ${REFRESH}`, () => tokens(2));
  time += 900_000;
  await Promise.all([1, 2, 3].map(() => divan.request("GET", "auth/me")));
  assert.equal(server.to(REFRESH).length, 1);
  assert.deepEqual(server.to("/auth/me").map(({ token }) => token), Array(3).fill("access-2"));
});

test("lost_refresh_response_is_repeated_with_the_same_token", async () => {
  const divan = await signedIn();
  server.on(`POST ${REFRESH}`, (_, count) => (count < 3 ? "lost" : tokens(2)));
  time += 900_000;
  await divan.request("GET", "auth/me");
  assert.deepEqual(server.to(REFRESH).map(({ body }) => body.refresh_token), Array(3).fill("refresh-1"));
});

test("failed_refresh_keeps_the_session_and_the_valid_token", async () => {
  const divan = await signedIn();
  server.on(`POST ${REFRESH}`, () => "lost");
  time += 815_000;
  await divan.request("GET", "auth/me");
  assert.equal(server.to("/auth/me")[0]?.token, "access-1");
  assert.equal(server.to(REFRESH).length, 3);
  await divan.request("GET", "auth/me");
  assert.equal(server.to(REFRESH).length, 3, "the next refresh is postponed");
  time += 90_000;
  await assert.rejects(divan.request("GET", "auth/me"), { code: "network" });
  assert.ok(divan.session, "only a refused refresh ends the session");
  server.on(`POST ${REFRESH}`, () => tokens(2));
  await divan.request("GET", "auth/me");
  assert.equal(server.to(REFRESH).at(-1)?.body.refresh_token, "refresh-1");
});

test("refused_refresh_ends_the_session", async () => {
  const divan = await signedIn();
  server.on(`POST ${REFRESH}`, () => problem(401, "refresh_token_invalid"));
  time += 900_000;
  await assert.rejects(divan.request("GET", "auth/me"), { code: "refresh_token_invalid" });
  assert.equal(divan.session, null);
  await assert.rejects(divan.request("GET", "auth/me"), { code: "signed_out" });
  assert.equal(server.to(REFRESH).length, 1);
});

test("rejected_access_token_is_refreshed_once", async () => {
  const divan = await signedIn();
  server.on(`POST ${REFRESH}`, (_, count) => tokens(count + 1));
  server.on("GET /auth/me", ({ token }) => (token === "access-2" ? json(user) : problem(401, "token_invalid")));
  time += 20_000;
  await divan.request("GET", "auth/me");
  server.on("GET /auth/me", () => problem(401, "token_expired"));
  time += 20_000;
  await assert.rejects(divan.request("GET", "auth/me"), { code: "token_expired" });
  assert.equal(server.to("/auth/me").length, 4);
  assert.equal(server.to(REFRESH).length, 2);
});

test("pair_younger_than_16_seconds_is_not_refreshed", async () => {
  const divan = await signedIn();
  server.on("GET /auth/me", () => problem(401, "token_invalid"));
  time += 15_000;
  await assert.rejects(divan.request("GET", "auth/me"), { code: "token_invalid" });
  assert.equal(server.to(REFRESH).length, 0);
});

test("reading_requests_are_retried_and_writing_ones_are_not", async () => {
  const divan = await signedIn();
  server.on("GET /auth/me", (_, count) => (count === 1 ? problem(503, "unavailable", { "Retry-After": "2" }) : json(user)));
  const before = time;
  await divan.request("GET", "auth/me");
  assert.ok(time - before >= 2000, "waits for Retry-After");
  server.on("POST /auth/admin/users", () => problem(503, "unavailable"));
  await assert.rejects(divan.request("POST", "auth/admin/users", {}), { code: "unavailable" });
  assert.equal(server.to("/auth/admin/users").length, 1);
  server.on("GET /auth/sessions", () => problem(429, "too_many_attempts", { "Retry-After": "11" }));
  await assert.rejects(divan.request("GET", "auth/sessions"), { retryAfter: 11 });
  assert.equal(server.to("/auth/sessions").length, 1, "a longer Retry-After is returned");
});

test("fetch_sends_the_token_to_known_origins_only", async () => {
  const divan = await signedIn({ origins: ["https://api.example.com"] });
  server.on("GET /orders", () => json([]));
  await divan.fetch("https://api.example.com/orders");
  await divan.fetch("https://other.example.com/orders");
  await divan.fetch(`${SERVER}orders`);
  assert.deepEqual(server.to("/orders").map(({ token }) => token), ["access-1", null, "access-1"]);
});

test("fetch_repeats_a_rejected_request_with_its_body", async () => {
  const divan = await signedIn();
  server.on(`POST ${REFRESH}`, () => tokens(2));
  server.on("POST /orders", ({ token }) =>
    token === "access-2" ? json({}) : new Response("", { status: 401 }),
  );
  time += 20_000;
  const response = await divan.fetch(`${SERVER}orders`, { method: "POST", body: "tea" });
  assert.equal(response.status, 200);
  assert.deepEqual(server.to("/orders").map(({ body }) => body), ["tea", "tea"]);
});

test("fetch_returns_a_401_that_is_not_about_the_token", async () => {
  const divan = await signedIn();
  server.on("POST /orders", () => problem(401, "invalid_credentials"));
  time += 20_000;
  assert.equal((await divan.fetch(`${SERVER}orders`, { method: "POST" })).status, 401);
  assert.equal(server.to(REFRESH).length, 0);
});

test("sign_out_forgets_the_tokens_even_when_the_server_is_not_reached", async () => {
  const storage = new MemoryStorage();
  const divan = await signedIn({ storage });
  server.on("POST /auth/logout", () => "lost");
  await assert.rejects(divan.signOut(), { code: "network" });
  assert.equal(divan.session, null);
  assert.equal(storage.length, 0);
  assert.deepEqual(server.to("/auth/logout").map(({ body }) => body), [{ refresh_token: "refresh-1" }]);
});

test("password_change_continues_with_the_new_session", async () => {
  const divan = await signedIn();
  server.on("POST /auth/me/password", () => tokens(7));
  await divan.changePassword("umbrella 77", "plum over the tram");
  await divan.request("GET", "auth/me");
  assert.equal(server.to("/auth/me")[0]?.token, "access-7");
});

test("device_token_is_sent_with_the_next_sign_in_of_the_same_address", async () => {
  const deviceStorage = new MemoryStorage();
  const panel = { audience: "admin", deviceStorage } as const;
  server.on("POST /auth/admin/login", () => tokens(1, { device_token: "dvd1.x" }));
  await client(panel).signIn({ email: "Admin@Example.com ", password: "p" });
  await client(panel).signIn({ email: "admin@example.com", password: "p" });
  await client(panel).signIn({ email: "second@example.com", password: "p" });
  assert.deepEqual(server.received.map(({ body }) => body.device_token), [undefined, "dvd1.x", undefined]);
});

test("blocked_storage_does_not_prevent_a_sign_in", async () => {
  server.on("POST /auth/admin/login", () => tokens(1, { device_token: "dvd1.x" })).on("POST /auth/logout", () => json({}));
  const fail = () => {
    throw new DOMException("blocked", "SecurityError");
  };
  const blocked = { getItem: fail, setItem: fail, removeItem: fail };
  const storages = [blocked, new SafeStorage(fail)];
  for (const storage of storages) {
    const panel = client({ audience: "admin", storage, deviceStorage: storage });
    assert.equal(await panel.restore(), null);
    await panel.signIn({ email: "admin@example.com", password: "p" });
    assert.equal((await panel.request<{ id: string }>("GET", "auth/me")).id, user.id);
    await panel.signOut();
    assert.equal(panel.session, null);
  }
});

test("full_storage_keeps_no_used_refresh_token", async () => {
  const storage = new MemoryStorage();
  const divan = await signedIn({ storage });
  storage.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  server.on("POST /auth/me/password", () => tokens(2));
  await divan.changePassword("umbrella 77", "plum over the tram");
  assert.ok(divan.session);
  assert.equal(storage.length, 0);
});

test("stored_refresh_token_restores_the_session", async () => {
  const storage = new MemoryStorage();
  await signedIn({ storage });
  assert.deepEqual([...Array(storage.length)].map((_, i) => storage.getItem(storage.key(i)!)), ["refresh-1"]);
  server.on(`POST ${REFRESH}`, () => tokens(2));
  const reloaded = client({ storage });
  assert.equal((await reloaded.restore())?.id, user.id);
  await reloaded.request("GET", "auth/me");
  assert.equal(server.to("/auth/me")[0]?.token, "access-2");
  assert.equal(await client().restore(), null);
});

test("ended_session_is_not_restored", async () => {
  const storage = new MemoryStorage();
  await signedIn({ storage });
  server.on(`POST ${REFRESH}`, () => problem(401, "refresh_token_invalid"));
  assert.equal(await client({ storage }).restore(), null);
  assert.equal(storage.length, 0);
});

test("duplicated_tab_adopts_the_pair_of_the_tab_that_refreshed", async () => {
  const storage = new MemoryStorage();
  const first = await signedIn({ storage });
  const copy = new MemoryStorage(storage);
  const second = client({ storage: copy });
  server.on(`POST ${REFRESH}`, () => tokens(2));
  time += 900_000;
  await first.request("GET", "auth/me");
  for (let i = 0; i < 50 && copy.getItem(copy.key(0)!) !== "refresh-2"; i++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await second.restore())?.id, user.id);
  assert.equal(second.session?.user.id, user.id);
  assert.equal(server.to(REFRESH).length, 1);
  assert.deepEqual(server.to("/auth/me").map(({ token }) => token), ["access-2", "access-2"]);
});

const NEEDS_PROOF = { code: "insufficient_user_authentication", methods: ["password"] };

/** Server that accepts a proof of identity, and then calls with the token of the response. */
function needsProof(path: string) {
  server.on(`POST ${path}`, ({ token }) => (token === "proved" ? json({ done: true }) : problemWith(401, NEEDS_PROOF)));
  server.on("POST /auth/admin/step-up", () => json({ access_token: "proved", token_type: "bearer", expires_in: 600 }));
}

const problemWith = (status: number, members: object) =>
  new Response(JSON.stringify({ status, ...members }), { status, headers: { "Content-Type": "application/problem+json" } });

test("call_that_needs_a_proof_is_sent_again_after_a_step_up", async () => {
  needsProof("/auth/admin/users");
  const asked: (readonly string[])[] = [];
  const divan = await signedIn({
    onStepUp: async ({ methods }) => {
      asked.push(methods);
      await divan.stepUp({ password: "umbrella 77" });
      return true;
    },
  });
  const create = () => divan.request("POST", "auth/admin/users", { full_name: "First" });
  assert.deepEqual(await Promise.all([create(), create()]), [{ done: true }, { done: true }]);
  assert.deepEqual(asked, [["password"]]);
  assert.deepEqual(server.to("/auth/admin/step-up").map(({ body }) => body), [{ password: "umbrella 77" }]);
  assert.equal((await divan.fetch(`${SERVER}auth/admin/users`, { method: "POST", body: "x" })).status, 200);
  assert.equal(asked.length, 1);
});

test("fetch_is_sent_again_after_a_step_up", async () => {
  needsProof("/orders");
  const divan = await signedIn({ onStepUp: () => divan.stepUp({ code: "287082" }).then(() => true) });
  const response = await divan.fetch(`${SERVER}orders`, { method: "POST", body: "content" });
  assert.equal(response.status, 200);
  assert.deepEqual(server.to("/orders").map(({ body }) => body), ["content", "content"]);
});

test("call_on_its_way_during_a_step_up_does_not_ask_again", async () => {
  needsProof("/auth/admin/users");
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  server.on("POST /slow", async ({ token }) => {
    if (token === "proved") return json({});
    await released;
    return problemWith(401, NEEDS_PROOF);
  });
  let count = 0;
  const divan = await signedIn({
    onStepUp: async () => {
      count++;
      time += 10;
      await divan.stepUp({ password: "umbrella 77" });
      return true;
    },
  });
  const slow = divan.request("POST", "slow");
  await divan.request("POST", "auth/admin/users");
  release();
  await slow;
  assert.equal(count, 1);
});

test("call_without_a_proof_fails", async () => {
  needsProof("/auth/admin/users");
  for (const onStepUp of [undefined, async () => false]) {
    const divan = await signedIn({ onStepUp });
    await assert.rejects(divan.request("POST", "auth/admin/users"), NEEDS_PROOF);
    assert.equal((await divan.fetch(`${SERVER}auth/admin/users`, { method: "POST" })).status, 401);
  }
});

test("sign_in_with_a_second_factor_is_completed_with_a_code", async () => {
  const required = { code: "second_factor_required", challenge: "dvc1.a", methods: ["code", "recovery_code"] };
  server.on("POST /auth/admin/login", () => problemWith(401, required));
  server.on("POST /auth/admin/login/second-factor", () => tokens(1, { device_token: "device-1" }));
  const deviceStorage = new MemoryStorage();
  const divan = client({ audience: "admin", deviceStorage });
  await assert.rejects(divan.signIn({ email: user.email!, password: "umbrella 77" }), required);
  await divan.completeSignIn({ challenge: "dvc1.a", recoveryCode: "7k3m" });
  assert.deepEqual(server.received.at(-1)?.body, { challenge: "dvc1.a", recovery_code: "7k3m" });
  assert.equal(divan.session?.user.id, user.id);
  assert.match(deviceStorage.getItem(`divan:admin:${SERVER}:device`) ?? "", /device-1/);
});

test("replaced_access_token_keeps_the_refresh_token", async () => {
  const storage = new MemoryStorage();
  const divan = await signedIn({ storage });
  divan.replaceAccessToken({ access_token: "access-9", expires_in: 600 });
  assert.equal(await divan.accessToken(), "access-9");
  assert.equal(storage.getItem(`divan:miniapp:${SERVER}`), "refresh-1");
});

test("sign_in_with_a_passkey_has_the_token_of_the_device", async () => {
  server.on("POST /auth/admin/login/passkey", () => tokens(1));
  const deviceStorage = new MemoryStorage();
  const key = `divan:admin:${SERVER}:device`;
  deviceStorage.setItem(key, JSON.stringify({ email: "other@example.com", token: "device-1" }));
  const divan = client({ audience: "admin", deviceStorage });
  await divan.signInWithPasskey({ id: "AAAA" });
  assert.deepEqual(server.received.map(({ body }) => body), [{ passkey: { id: "AAAA" }, device_token: "device-1" }]);
  assert.equal(divan.session?.user.id, user.id);
});
