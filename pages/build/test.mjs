// Bundles the tests, because Node 20 does not run TypeScript, and runs them.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, ".tmp/test");
const tests = (await readdir(join(root, "test"))).filter((name) => name.endsWith(".test.ts"));
await rm(out, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: tests.map((name) => `test/${name}`),
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  outdir: out,
  outExtension: { ".js": ".mjs" },
  sourcemap: "inline",
  logLevel: "warning",
});
const files = tests.map((name) => join(out, name.replace(/\.ts$/, ".mjs")));
const result = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-force-exit", "--test-reporter=dot", ...files], {
  stdio: "inherit",
});
process.exitCode = result.status ?? 1;
