import { DivanError } from "../client/error.js";
import { readProblem } from "../client/problem.js";
import type { components } from "../shared/api.js";
import type { PasskeyJson } from "./passkey.js";

type BootstrapState = components["schemas"]["BootstrapState"];

/** Address of the server, with its path prefix. */
export const base = new URL(".", document.baseURI).href.split("#")[0] as string;

/** Returns whether the first administrator can be created; `null` if the server did not answer. */
export async function bootstrapStatus(): Promise<BootstrapState | null> {
  const response = await fetch(new URL("auth/admin/bootstrap", base), { credentials: "omit" }).catch(() => null);
  return response?.ok ? response.json() : null;
}

/** Returns the options of a sign-in with a passkey. */
export async function passkeyForSignIn(): Promise<PasskeyJson> {
  const request = { method: "POST", credentials: "omit" } as const;
  const response = await fetch(new URL("auth/admin/login/passkey/options", base), request).catch(() => null);
  if (!response) throw new DivanError("network");
  if (!response.ok) throw await readProblem(response);
  return (await response.json()).public_key;
}

/** Returns the dependencies that are down. */
export async function downDependencies(): Promise<string[]> {
  const response = await fetch(new URL("health/ready", base), { credentials: "omit" }).catch(() => null);
  if (!response || (!response.ok && response.status !== 503)) return [];
  const body = await response.json().catch(() => ({}));
  if (response.ok) {
    const dependencies: { name: string; up: boolean }[] = body.dependencies ?? [];
    return dependencies.filter(({ up }) => !up).map(({ name }) => name);
  }
  const errors: { pointer: string }[] = body.errors ?? [];
  return errors.map(({ pointer }) => pointer.replace(/^\//, "") || "?");
}
