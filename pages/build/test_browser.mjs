// Runs the tests in Chromium: all with SQLite, then those whose data matters with PostgreSQL.
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

/** Files about stored data: lists, filters, times, concurrent changes. */
const WITH_DATA = ["deployment", "import", "sessions", "users"];

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), "test/browser");
const url = process.env.TEST_DATABASE_URL;
const all = (await readdir(folder)).filter((name) => name.endsWith(".mjs"));
const counts = [];

/** Runs files one after the other, two at a time, and counts their tests. */
async function runAll(database, names) {
  const files = names.map((name) => join(folder, name));
  let passed = 0;
  let failed = 0;
  const events = run({ files, concurrency: 2 });
  events.on("test:pass", ({ name, details }) => (passed += isTest(name, details)));
  events.on("test:fail", () => failed++);
  for await (const text of events.compose(spec)) process.stdout.write(text);
  counts.push(`${passed} with ${database}`);
  if (failed > 0 || passed === 0) process.exitCode = 1;
}

/** A file is reported as a test of its own. */
const isTest = (name, { type }) => type !== "suite" && !name.endsWith(".mjs");

delete process.env.TEST_DATABASE_URL;
await runAll("SQLite", all);
if (url) {
  process.env.TEST_DATABASE_URL = url;
  await runAll("PostgreSQL", WITH_DATA.map((name) => `${name}.mjs`));
} else counts.push("none with PostgreSQL, because TEST_DATABASE_URL is not set");
console.log(`\ntests in Chromium that passed: ${counts.join(", ")}`);
