// Webhooks in the panel, against the real server and a receiver.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { test } from "node:test";
import { launch, openContext } from "./support/browser.mjs";
import { bootstrap, createUser, signInToPanel } from "./support/panel.mjs";
import { startServer } from "./support/server.mjs";

/** A receiver that keeps the requests, and responds with `status`. */
class Receiver {
  status = 204;
  requests = [];

  async start() {
    this.server = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString();
      this.requests.push({ headers: request.headers, body });
      response.writeHead(this.status).end();
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}/divan`;
  }
}

/** The signature of a request, computed from the secret that the panel showed. */
function signature({ headers, body }, secret) {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  return `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
}

test("webhook_is_created_tested_and_receives_signed_events", async () => {
  const receiver = new Receiver();
  const [browser, server] = await Promise.all([
    launch(),
    startServer({ DIVAN_WEBHOOK_ALLOWED_NETWORKS: "127.0.0.0/8" }),
    receiver.start(),
  ]);
  try {
    const token = await bootstrap(server);
    const context = await openContext(browser, server);
    const page = await context.newPage();
    const button = (name) => page.getByRole("button", { name, exact: true });
    const dialog = page.getByRole("dialog");
    await signInToPanel(page, server);

    await page.getByRole("link", { name: "Webhooks" }).click();
    await button("Create webhook").click();
    await dialog.getByLabel("URL").fill("https://10.0.0.1/");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("Enter an https address of a public host").waitFor();
    await dialog.getByLabel("URL").fill(receiver.url);
    await dialog.getByRole("button", { name: "Create" }).click();
    const secret = await page.locator("dialog output").textContent();
    assert.match(secret, /^whsec_/);
    await button("Close").click();

    await page.locator("a.row").click();
    await button("Send a test event").click();
    await dialog.getByRole("button", { name: "Send a test event" }).click();
    await dialog.getByText("Delivered: status 204").waitFor();
    receiver.status = 500;
    await dialog.getByRole("button", { name: "Send again" }).click();
    await dialog.getByText("Not delivered: status 500").waitFor();
    receiver.status = 204;
    await dialog.getByRole("button", { name: "Close" }).click();

    const { user } = await createUser(server, token, { full_name: "First Last", phone: "+77010000001" });
    const find = () => receiver.requests.find(({ body }) => JSON.parse(body).subject === user.id);
    while (!find()) await new Promise((resolve) => setTimeout(resolve, 20));
    const request = find();
    assert.equal(JSON.parse(request.body).type, "user.created");
    assert.equal(request.headers["webhook-signature"], signature(request, secret));
    await page.locator(".breadcrumb a").click();
    await page.locator("a.row").getByText("Enabled").waitFor();

    receiver.status = 410;
    await server.call("sec", "DELETE", `/auth/admin/users/${user.id}`, { token });
    const refresh = async () => {
      await page.locator("a.row").click();
      await page.locator(".breadcrumb a").click();
      return page.locator("a.row").textContent();
    };
    while (!(await refresh()).includes("the receiver responded with 410"));
    context.assertClean();
    await context.close();
  } finally {
    receiver.server.close();
    await browser.close();
    await server.stop();
  }
});
