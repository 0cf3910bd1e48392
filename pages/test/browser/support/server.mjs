// A real `divan-server`, with a port and a folder of its own: in development mode with SQLite, or with
// the configuration of a deployment and a database on the server of `TEST_DATABASE_URL`.
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createDatabase } from "./postgres.mjs";

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const binary = process.env.DIVAN_SERVER_BIN ?? join(root, "../target/debug/divan-server");
const STARTED_WITHIN = 20_000;

const DEPLOYMENT = {
  SECRET_KEY: "0123456789abcdef0123456789abcdef",
  TELEGRAM_BOT_TOKEN: "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000",
  DIVAN_BOOTSTRAP_TOKEN: "the bootstrap token",
};

/** Starts a server. `DIVAN_PAGES_SERVER=dev/server.mjs` puts the development server of the pages before it. */
export async function startServer(env = {}) {
  const folder = await mkdtemp(join(tmpdir(), "divan-pages-"));
  const port = await freePort();
  const database = createDatabase();
  const server = new Server(folder, port, database ? { ...DEPLOYMENT, DATABASE_URL: database.url, ...env } : env);
  server.database = database;
  await server.start();
  return server;
}

/** Starts a server with the configuration of a deployment, also with SQLite. */
export const startDeployment = () => startServer({ ...DEPLOYMENT, ...(!process.env.TEST_DATABASE_URL && { DATABASE_URL: "sqlite:divan.db" }) });

/** Starts a server behind Caddy with the configuration of `deploy/`. */
export async function startBehindCaddy() {
  const port = await freePort();
  const [miniapp, admin] = ["divan", "sec"].map((host) => `http://${host}.localhost:${port}`);
  const server = await startServer({
    DIVAN_MINIAPP_URL: miniapp,
    DIVAN_ADMIN_URL: admin,
    DIVAN_TRUSTED_PROXIES: "127.0.0.1",
    // Keeps the bootstrap open.
    DIVAN_DEV_ORIGINS: miniapp,
  });
  const config = join(server.folder, "Caddyfile");
  const text = await readFile(join(root, "../deploy/Caddyfile"), "utf8");
  await writeFile(config, `{\n\tadmin off\n}\n${text}`);
  const env = {
    PATH: process.env.PATH,
    HOME: server.folder,
    DIVAN_UPSTREAM: `127.0.0.1:${server.port}`,
    DIVAN_MINIAPP_SITE: miniapp,
    DIVAN_ADMIN_SITE: admin,
  };
  const caddy = spawn("caddy", ["run", "--adapter", "caddyfile", "--config", config], { env, stdio: "ignore" });
  server.pagesPort = port;
  server.proxy = caddy;
  const live = () => send(port, "GET", "/health/live", { Host: `divan.localhost:${port}` });
  if (!(await answers(live))) throw new Error("Caddy did not start");
  return server;
}

async function answers(call, end = Date.now() + STARTED_WITHIN) {
  while (Date.now() < end) {
    const response = await call().catch(() => null);
    if (response?.status === 200) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

class Server {
  #child = null;
  #pages = null;
  /** Process of a proxy before the server. */
  proxy = null;
  /** Database on PostgreSQL. */
  database = null;

  constructor(folder, port, env) {
    this.folder = folder;
    this.port = port;
    this.pagesPort = port;
    this.env = { PATH: process.env.PATH, HOME: folder, DIVAN_METRICS_LISTEN: "off", RUST_LOG: "warn", ...env };
  }

  get miniapp() {
    return `http://divan.localhost:${this.pagesPort}/`;
  }

  get panel() {
    return `http://sec.localhost:${this.pagesPort}/`;
  }

  get index() {
    return `http://localhost:${this.pagesPort}/`;
  }

  async start() {
    this.#child = spawn(binary, ["--port", String(this.port)], { cwd: this.folder, env: this.env, stdio: "pipe" });
    this.output = "";
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream.on("data", (text) => (this.output += text));
    await this.#ready();
    if (process.env.DIVAN_PAGES_SERVER && !this.#pages) await this.#startPages();
  }

  /** Stops the server process; data and address stay. */
  async halt() {
    const child = this.#child;
    if (!child) return;
    this.#child = null;
    await stopped(child);
  }

  async restart() {
    await this.halt();
    await this.start();
  }

  async stop() {
    await this.halt();
    if (this.#pages) await stopped(this.#pages);
    if (this.proxy) await stopped(this.proxy);
    this.database?.drop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs a subcommand on the data of this server, and returns its standard output. */
  run(...args) {
    const result = spawnSync(binary, args, { cwd: this.folder, env: this.env, encoding: "utf8" });
    if (result.status !== 0) throw new Error(`divan-server ${args.join(" ")}: ${result.stderr}`);
    return result.stdout;
  }

  /** Sends a request to the API of one host: `divan` or `sec`. */
  async call(host, method, path, { body, token, headers: further } = {}) {
    const headers = { Host: `${host}.localhost:${this.port}`, ...further };
    if (token) headers["Authorization"] = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const { status, text } = await send(this.port, method, path, headers, body && JSON.stringify(body));
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  async #ready() {
    const end = Date.now() + STARTED_WITHIN;
    while (Date.now() < end && this.#child.exitCode === null) {
      const response = await send(this.port, "GET", "/health/ready", { Host: `localhost:${this.port}` }).catch(() => null);
      if (response?.status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`the server did not start:\n${this.output}`);
  }

  async #startPages() {
    this.pagesPort = await freePort();
    const env = { ...process.env, PORT: String(this.pagesPort), DIVAN_SERVER: `http://127.0.0.1:${this.port}` };
    this.#pages = spawn(process.execPath, [resolve(root, process.env.DIVAN_PAGES_SERVER)], { env, stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => this.#pages.stdout.once("data", resolve));
  }

  /** The token of the bot: in development mode, a generated one. */
  async botToken() {
    return this.env.TELEGRAM_BOT_TOKEN ?? (await readFile(join(this.folder, "divan-data/bot-token"), "utf8")).trim();
  }
}

async function stopped(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exit;
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function send(port, method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, method, path, headers }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode, text });
    });
    call.on("error", reject);
    call.end(body);
  });
}
