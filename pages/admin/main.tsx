import { render } from "preact";
import { createClient } from "../client/create.js";
import { App } from "./app.js";
import { base } from "./server.js";

const client = createClient({
  server: base,
  audience: "admin",
  storage: sessionStorage,
  deviceStorage: localStorage,
});

render(<App client={client} />, document.getElementById("app") as HTMLElement);
