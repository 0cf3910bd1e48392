// Entry point of the npm package: a bundle does not know its server, so it has no default client.
import { createClient } from "./create.js";
import type * as Declared from "./divan.js";
import { DivanError } from "./error.js";

export { createClient, DivanError };

({ createClient, DivanError }) satisfies Pick<typeof Declared, "createClient" | "DivanError">;
