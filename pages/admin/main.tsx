import { render } from "preact";
import { createClient } from "../client/create.js";
import { SafeStorage } from "../client/storage.js";
import { App } from "./app.js";
import { base } from "./server.js";

const client = createClient({
  server: base,
  audience: "admin",
  storage: new SafeStorage(() => sessionStorage),
  deviceStorage: new SafeStorage(() => localStorage),
});

render(<App client={client} />, document.getElementById("app") as HTMLElement);
