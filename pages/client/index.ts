import { createClient } from "./create.js";
import type * as Declared from "./divan.js";
import { DivanError } from "./error.js";

const client = createClient();

export { createClient, DivanError };
export let session: Declared.Session | null = client.session;
export const { signIn, signOut, changePassword, fetch, accessToken, onChange } = client;

onChange((changed) => (session = changed));

// The declarations are written by hand; this compares them with the implementation.
({ createClient, DivanError, signIn, signOut, changePassword, fetch, accessToken, onChange, session }) satisfies typeof Declared;
