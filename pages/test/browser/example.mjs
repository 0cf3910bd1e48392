// `examples/miniapp`: a page of another origin that loads `divan.js` and calls a service of its own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch } from "./support/browser.mjs";
import { createLinked } from "./support/miniapp.mjs";
import { bootstrap } from "./support/panel.mjs";
import { freePort, startServer } from "./support/server.mjs";

const example = join(dirname(fileURLToPath(import.meta.url)), "../../../examples/miniapp");

let browser;
let server;
let folder;
let site;
let service;
let origin;
const received = [];

before(async () => {
  const port = await freePort();
  origin = `http://localhost:${port}`;
  [browser, server] = await Promise.all([launch(), startServer({ DIVAN_DEV_ORIGINS: origin })]);
  service = createServer(({ url, headers }, response) => {
    received.push([url, headers.authorization]);
    response.end("Hello from the service");
  });
  await new Promise((resolve) => service.listen(0, "127.0.0.1", resolve));
  folder = await mkdtemp(join(tmpdir(), "divan-example-"));
  await cp(example, folder, { recursive: true });
  // The example names the default port.
  const script = await readFile(join(folder, "app.js"), "utf8");
  await writeFile(join(folder, "app.js"), script.replaceAll("localhost:8000", `localhost:${server.port}`));
  const env = { ...process.env, PORT: String(port), API: `http://127.0.0.1:${service.address().port}` };
  site = spawn(process.execPath, [join(folder, "serve.mjs")], { env, stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => site.stdout.once("data", resolve));
});
after(async () => {
  site?.kill();
  service?.close();
  await browser?.close();
  await server?.stop();
  if (folder) await rm(folder, { recursive: true });
});

test("own_mini_app_signs_in_and_calls_its_service_with_the_token", async () => {
  const token = await bootstrap(server);
  const user = await createLinked(server, token, { id: 42, phone: "+77011234567" });
  await server.call("sec", "DELETE", `/auth/admin/users/${user.id}/sessions`, { token });
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(origin);
  await page.getByText("Sign in.").waitFor();
  await page.getByLabel("Phone number").fill("8 701 123 45 67");
  await page.getByLabel("Password").fill("wrong password");
  await page.keyboard.press("Enter");
  await page.getByText("The phone number or the password is wrong.").waitFor();
  await page.getByLabel("Password").fill(user.password);
  await page.keyboard.press("Enter");
  await page.getByText("Hello from the service").waitFor();
  assert.equal(received[0][0], "/hello");
  assert.match(received[0][1], /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
  await page.reload();
  await page.getByText("Signed in: First Last").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("Sign in.").waitFor();
  assert.deepEqual(errors, []);
  await page.close();
});
