// Builds `dist/` from the sources; with `--check` it compares the result with the committed files.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { budgets, overBudget, report } from "./budget.mjs";
import { brotli, gzip } from "./compress.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const cratePath = join(root, "src/files.rs");
const license = "/*! Divan | MIT OR Apache-2.0 */";

const options = {
  bundle: true,
  format: "esm",
  minify: true,
  // The oldest web views that receive current Telegram clients.
  target: ["safari15", "chrome91", "firefox91"],
  charset: "utf8",
  legalComments: "none",
  write: false,
  outdir: "out",
  logLevel: "warning",
  absWorkingDir: root,
  jsx: "automatic",
  jsxImportSource: "preact",
};

const types = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  ts: "text/plain; charset=utf-8",
};

/** Returns the files of `dist/` by path. */
async function bundle() {
  const files = new Map();
  const client = await build({ ...options, entryPoints: { divan: "client/index.ts" }, banner: { js: license } });
  files.set("divan.js", Buffer.from(client.outputFiles[0].contents));
  files.set("divan.d.ts", await readFile(join(root, "client/divan.d.ts")));
  for (const page of ["miniapp", "admin", "index"]) await addPage(files, page);
  return files;
}

/** Adds a page and its assets. The names of assets contain the hash of their content. */
async function addPage(files, page) {
  const entry = `${page}/main.ts${page === "admin" ? "x" : ""}`;
  const result = await build({
    ...options,
    entryPoints: { [page]: entry, [`${page}-style`]: `${page}/style.css`, icon: "shared/icon.svg" },
    loader: { ".svg": "copy" },
    splitting: true,
    metafile: true,
    entryNames: "[name].[hash]",
    chunkNames: `${page}-[name].[hash]`,
  });
  const outputs = Object.entries(result.metafile.outputs).map(([path, output]) => [basename(path), output]);
  for (const { path, contents } of result.outputFiles) {
    const content = Buffer.from(contents);
    if (!basename(path).startsWith("icon.") || path.endsWith(".svg")) files.set(`assets/${basename(path)}`, content);
  }
  const named = (name, ext) => `assets/${outputs.find(([path]) => path.startsWith(`${name}.`) && path.endsWith(ext))[0]}`;
  const [mainPath, main] = outputs.find(([path]) => path.startsWith(`${page}.`) && path.endsWith(".js"));
  let imports = main.imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => `assets/${basename(path)}`);
  let script = `assets/${mainPath}`;
  if (imports.length === 1 && main.bytes < 100) {
    // The entry point only imports its code: the page refers to that instead.
    files.delete(script);
    [script] = imports;
    imports = [];
  }
  const preloads = imports.map((path) => `<link rel="modulepreload" href="${path}">\n`);
  const values = {
    SCRIPT: script,
    STYLE: named(`${page}-style`, ".css"),
    ICON: named("icon", ".svg"),
    PRELOAD: preloads.join(""),
  };
  const html = await readFile(join(root, page, "index.html"), "utf8");
  files.set(`${page}.html`, Buffer.from(html.replace(/%([A-Z]+)%\n?/g, (found, name) =>
    values[name] + (found.endsWith("\n") && name !== "PRELOAD" ? "\n" : ""))));
}

/** Describes every file for the server: type, entity tag and whether its address has its hash. */
function describe(files) {
  const entries = [...files].map(([path, content]) => ({
    path,
    type: types[path.split(".").pop()],
    etag: createHash("sha256").update(content).digest("hex").slice(0, 32),
    immutable: path.startsWith("assets/"),
    size: content.length,
  }));
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function write(files) {
  await rm(dist, { recursive: true, force: true });
  for (const [path, content] of files) {
    await mkdir(dirname(join(dist, path)), { recursive: true });
    await writeFile(join(dist, path), content);
    if (path === "manifest.json") continue;
    await writeFile(join(dist, `${path}.gz`), gzip(content));
    await writeFile(join(dist, `${path}.br`), brotli(content));
  }
}

/** Compares contents, not compressed bytes: those depend on the compressor's version. */
async function check(files) {
  const differences = [];
  const compressed = [...files.keys()].filter((path) => path !== "manifest.json");
  const expected = new Set([...files.keys(), ...compressed.flatMap((path) => [`${path}.gz`, `${path}.br`])]);
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    const path = relative(dist, join(entry.parentPath ?? entry.path, entry.name));
    if (entry.isFile() && !expected.has(path)) differences.push(`${path}: unexpected`);
  }
  for (const path of expected) {
    const stored = await readFile(join(dist, path)).catch(() => null);
    const source = files.get(path) ?? files.get(path.replace(/\.(gz|br)$/, ""));
    if (!stored) differences.push(`${path}: missing`);
    else if (!decoded(path, stored).equals(source)) differences.push(`${path}: differs`);
  }
  return differences;
}

function decoded(path, content) {
  if (path.endsWith(".gz")) return gunzipSync(content);
  if (path.endsWith(".br")) return brotliDecompressSync(content);
  return content;
}

/** Returns the table of the files for the crate. */
function table(entries) {
  const items = entries.map(({ path, type, etag, immutable }) => `    File {
        path: ${JSON.stringify(path)},
        content_type: ${JSON.stringify(type)},
        etag: ${JSON.stringify(etag)},
        is_immutable: ${immutable},
        identity: include_bytes!("../dist/${path}"),
        gzip: include_bytes!("../dist/${path}.gz"),
        brotli: include_bytes!("../dist/${path}.br"),
    },
`);
  return Buffer.from(`// @generated by build/build.mjs.

use crate::File;

pub(crate) static FILES: [File; ${entries.length}] = [
${items.join("")}];
`);
}

const files = await bundle();
const entries = describe(files);
files.set("manifest.json", Buffer.from(`${JSON.stringify(entries, null, 2)}\n`));
const crate = table(entries);
const problems = overBudget(files, budgets);
if (process.argv.includes("--check")) {
  problems.push(...(await check(files)));
  if (!(await readFile(cratePath)).equals(crate)) problems.push("src/files.rs: differs");
} else {
  await write(files);
  await writeFile(cratePath, crate);
}
console.log(report(files, budgets));
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exitCode = 1;
}
