import { DivanError } from "../client/error.js";

/** A WebAuthn object in its JSON form. */
export type PasskeyJson = Record<string, unknown>;

/** Whether the browser has passkeys, and reads their options from JSON. */
export const hasPasskeys = (): boolean =>
  typeof PublicKeyCredential === "function" && "parseCreationOptionsFromJSON" in PublicKeyCredential;

/** Asks the browser for a new passkey. */
export const createPasskey = (options: PasskeyJson): Promise<PasskeyJson> =>
  json(() => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options as never) }));

/** Asks the browser for a proof with a passkey. */
export const askForPasskey = (options: PasskeyJson): Promise<PasskeyJson> =>
  json(() => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options as never) }));

async function json(ask: () => Promise<Credential | null>): Promise<PasskeyJson> {
  try {
    return ((await ask()) as PublicKeyCredential).toJSON() as unknown as PasskeyJson;
  } catch (cause) {
    // Browsers do not report why a user has used no passkey.
    const isTaken = cause instanceof DOMException && cause.name === "InvalidStateError";
    throw new DivanError(isTaken ? "passkey_taken" : "passkey_not_used");
  }
}
