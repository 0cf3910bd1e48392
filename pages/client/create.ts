import { KnownDevice } from "./device.js";
import type { Client, ClientOptions } from "./divan.js";
import { DivanClient } from "./divan_client.js";
import { SafeStorage } from "./storage.js";
import { TokenStore } from "./store.js";
import { TabStore } from "./tab_store.js";
import { Transport } from "./transport.js";

/** Creates a client. */
export function createClient(options: ClientOptions = {}): Client {
  const { audience = "miniapp", storage, deviceStorage } = options;
  const transport = new Transport(options.server ?? new URL(".", import.meta.url), options.transport);
  const key = `divan:${audience}:${transport.server.href}`;
  const store = storage ? new TabStore(key, new SafeStorage(() => storage)) : new TokenStore();
  const device =
    audience === "admin" && deviceStorage
      ? new KnownDevice(`${key}:device`, new SafeStorage(() => deviceStorage))
      : undefined;
  return new DivanClient(transport, store, options, device);
}
