// Databases on the PostgreSQL server of `TEST_DATABASE_URL`.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";

const SERVER = process.env.TEST_DATABASE_URL;

/** Creates an empty database, or returns `null` without a server. */
export function createDatabase() {
  if (!SERVER) return null;
  const name = `divan_pages_${randomUUID().replaceAll("-", "")}`;
  run(`CREATE DATABASE "${name}"`);
  const url = new URL(SERVER);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(`DROP DATABASE "${name}" WITH (FORCE)`) };
}

function run(statement) {
  const args = ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", SERVER, "--command", statement];
  const { status, stderr, error } = spawnSync("psql", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`psql: ${error?.message ?? stderr}`);
}
