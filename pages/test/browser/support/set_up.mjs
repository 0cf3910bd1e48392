// A browser, and a server with an administrator, for all tests of the file that imports this module.
import { after, before } from "node:test";
import { launch } from "./browser.mjs";
import { bootstrap } from "./panel.mjs";
import { startServer } from "./server.mjs";

export let browser;
export let server;
/** Access token of the administrator. */
export let token;

before(async () => {
  [browser, server] = await Promise.all([launch(), startServer()]);
  token = await bootstrap(server);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
