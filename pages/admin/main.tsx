import { render } from "preact";
import { createClient } from "../client/create.js";
import { SafeStorage } from "../client/storage.js";
import { App } from "./app.js";
import { base } from "./server.js";
import { StepUp } from "./step_up.js";

const stepUp = new StepUp();
const client = createClient({
  server: base,
  audience: "admin",
  storage: new SafeStorage(() => sessionStorage),
  deviceStorage: new SafeStorage(() => localStorage),
  onStepUp: stepUp.ask,
});

render(<App client={client} stepUp={stepUp} />, document.getElementById("app") as HTMLElement);
