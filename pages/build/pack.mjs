// Builds the npm package `divan-client` and checks what would be published.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, ".tmp/divan-client");
const consumer = join(root, ".tmp/consumer");
const tsc = join(root, "node_modules/tsc7/bin/tsc");
const FILES = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "divan-client.d.ts", "divan-client.js", "package.json"];
const MAX_BYTES = 32 * 1024;
/** The declarations from here on are those of the default client, which the package does not have. */
const DEFAULT_CLIENT = "/** The session of the default client; a live binding. */";

async function buildPackage() {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: { "divan-client": "client/package.ts" },
    outdir: folder,
    bundle: true,
    format: "esm",
    target: ["safari15", "chrome91", "firefox91"],
    banner: { js: "/*! Divan | MIT OR Apache-2.0 */" },
    logLevel: "warning",
  });
  const declarations = (await readFile(join(root, "client/divan.d.ts"), "utf8")).split(DEFAULT_CLIENT);
  if (declarations.length !== 2) throw new Error("divan.d.ts: the default client is not where it was");
  const [, ...types] = declarations[0].split(" */\n");
  await writeFile(join(folder, "divan-client.d.ts"), types.join(" */\n").trimStart());
  for (const file of ["package.json", "README.md"]) await cp(join(root, "client", file), join(folder, file));
  for (const file of ["LICENSE-APACHE", "LICENSE-MIT"]) await cp(join(root, "..", file), join(folder, file));
}

async function check() {
  const [listed] = JSON.parse(run("npm", ["pack", "--dry-run", "--json"], folder));
  const files = listed.files.map(({ path }) => path).sort();
  if (files.join() !== FILES.join()) throw new Error(`unexpected files: ${files.join(", ")}`);
  if (listed.size > MAX_BYTES) throw new Error(`the package has ${listed.size} bytes`);
  const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const workspace = /^version = "(.+)"$/m.exec(await readFile(join(root, "../Cargo.toml"), "utf8"))?.[1];
  if (version !== workspace) throw new Error(`version ${version} differs from that of the workspace, ${workspace}`);
  await checkTarball();
  console.log(`${listed.name} ${version}: ${files.length} files, ${listed.size} bytes packed`);
}

/** Installs the tarball as a user does: it is imported by Node, and its README compiles. */
async function checkTarball() {
  const [{ filename }] = JSON.parse(run("npm", ["pack", "--json"], folder));
  const installed = join(consumer, "node_modules/divan-client");
  await rm(consumer, { recursive: true, force: true });
  await mkdir(installed, { recursive: true });
  run("tar", ["-xzf", filename, "--strip-components=1", "-C", installed], folder);
  await cp(join(root, "test/package"), consumer, { recursive: true });
  const [, example] = /```ts\n([^]*?)```/.exec(await readFile(join(installed, "README.md"), "utf8"));
  await writeFile(join(consumer, "readme.ts"), example);
  const options = ["--ignoreConfig", "--strict", "--noEmit", "--target", "es2022", "--lib", "es2022,dom", "--types", ""];
  for (const mode of [["nodenext", "nodenext"], ["esnext", "bundler"]]) {
    run(process.execPath, [tsc, ...options, "--module", mode[0], "--moduleResolution", mode[1], "readme.ts", "usage.mts"], consumer);
  }
  run(process.execPath, ["usage.mjs"], consumer);
}

function run(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`${command} ${args.join(" ")}:\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

await buildPackage();
await check();
