import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { passwordsCsv, passwordsText } from "../admin/import/csv.js";
import { ImportJob } from "../admin/import/job.js";
import { createClient } from "../client/create.js";
import { FakeServer, json, problem, SERVER, tokens } from "./fake_server.js";

const PREVIEW = "/auth/admin/users/import/preview";
const IMPORT = "/auth/admin/users/import";
const preview = { lines: 1, new_users: [], generated_passwords: 1, changes: [], unchanged: 0, errors: [] };
const password = {
  line: 2,
  user_id: "1",
  full_name: "First Last",
  phone: "+77011234567",
  email: null,
  password: "7k3m-x2q9-ab4t-p8dh",
  expires_at: "2026-01-18T09:30:00Z",
};
const progress = { type: "progress", done: 1, total: 1 };
const passwords = { type: "passwords", passwords: [password] };
const completed = { type: "completed", added: 1, changed: 0, unchanged: 0 };

let server: FakeServer;
let job: ImportJob;

beforeEach(async () => {
  server = new FakeServer().on("POST /auth/admin/login", () => tokens(1)).on(`POST ${PREVIEW}`, () => json(preview));
  const client = createClient({ server: SERVER, audience: "admin", transport: server.fetch });
  await client.signIn({ email: "admin@example.com", password: "quiet river lantern" });
  job = new ImportJob(client, SERVER);
});

const file = () => new File(["name\nFirst Last\n"], "staff.csv");

/** A response that ends after the lines, or breaks off. */
function lines(events: object[], isLost = false): Response {
  const bytes = new TextEncoder().encode(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  let at = 0;
  const stream = new ReadableStream({
    // A chunk can end in the middle of a line and of a character.
    pull: (controller) => {
      if (at < bytes.length) controller.enqueue(bytes.subarray(at, (at += 7)));
      else if (isLost) controller.error(new TypeError("lost"));
      else controller.close();
    },
  });
  return new Response(stream, { headers: { "Content-Type": "application/x-ndjson" } });
}

async function run(response: Response | "lost") {
  server.on(`POST ${IMPORT}`, () => response);
  await job.choose(file());
  await job.run();
  return job.state;
}

test("import_sends_the_checked_bytes_with_the_options", async () => {
  await job.setOptions({ update: true });
  const { step, result, passwords: shown } = await run(lines([progress, passwords, completed]));
  assert.deepEqual([step, result, shown], ["finished", completed, [password]]);
  const [, checked, imported] = server.received;
  assert.equal(imported?.body, checked?.body);
  assert.equal(server.received.length, 3);
});

test("file_of_more_than_5_mib_is_not_sent", async () => {
  await job.choose(new File([new Uint8Array(5 * 1024 * 1024 + 1)], "staff.csv"));
  assert.equal(job.state.isTooLarge, true);
  assert.equal(server.to(PREVIEW).length, 0);
});

test("connection_lost_before_the_passwords_imports_nothing", async () => {
  for (const response of ["lost", lines([progress], true), lines([progress])] as const) {
    const { step, error, isUncertain } = await run(response);
    assert.deepEqual([step, (error as { code: string }).code, isUncertain], ["preview", "network", false]);
  }
});

test("connection_lost_after_the_passwords_keeps_them", async () => {
  const { step, passwords: kept, isUncertain } = await run(lines([progress, passwords], true));
  assert.deepEqual([step, kept, isUncertain], ["finished", [password], true]);
  assert.ok(job.isAtRisk);
  job.saved();
  assert.ok(!job.isAtRisk);
});

test("connection_lost_after_an_empty_list_of_passwords_is_uncertain", async () => {
  assert.equal((await run(lines([{ type: "passwords", passwords: [] }], true))).isUncertain, true);
  assert.ok(!job.isAtRisk);
});

test("failed_import_shows_its_problem_and_no_passwords", async () => {
  const failed = { type: "failed", problem: { code: "unavailable", status: 503 } };
  const { step, error, passwords: shown } = await run(lines([progress, passwords, failed]));
  assert.deepEqual([step, (error as { code: string }).code, shown], ["preview", "unavailable", null]);
});

test("import_that_is_started_twice_sends_one_request", async () => {
  server.on(`POST ${IMPORT}`, () => lines([progress, passwords, completed]));
  await job.choose(file());
  await Promise.all([job.run(), job.run()]);
  assert.equal(server.to(IMPORT).length, 1);
});

test("users_that_changed_since_the_preview_are_checked_again", async () => {
  await run(problem(422, "validation_failed"));
  assert.equal(server.to(PREVIEW).length, 2);
  assert.equal(job.state.step, "preview");
});

test("passwords_csv_quotes_and_disarms_formulas", () => {
  const csv = passwordsCsv([{ ...password, full_name: '=1+1, "x"' }]);
  assert.equal(csv.split("\r\n")[1], `"+77011234567","","'=1+1, ""x""","7k3m-x2q9-ab4t-p8dh"`);
  assert.ok(passwordsCsv([{ ...password, full_name: "+1+1" }]).includes(`,"'+1+1",`));
  assert.equal(passwordsText([password]), "+77011234567\t\tFirst Last\t7k3m-x2q9-ab4t-p8dh");
});

test("passwords_csv_has_no_formula_when_semicolons_separate_cells", () => {
  for (const [name, shown] of [["a;=1", "a;'=1"], ["a; @x", "a; '@x"], ['a;"=1', `a;"'=1`], ["a\t-1", "a\t'-1"], ["a; b", "a; b"]]) {
    const csv = passwordsCsv([{ ...password, full_name: name! }]);
    assert.equal(csv.split("\r\n")[1]?.split('","')[2]?.replaceAll('""', '"'), shown);
  }
  assert.ok(!passwordsText([{ ...password, full_name: "a\t=1;=1" }]).includes(";="));
});
