// Administrators with a second factor, and their authenticator apps.
import { createHmac } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const STEP = 30_000;
/** For how long a code is accepted at least. */
const MARGIN = 8000;

/** An authenticator app. Each of its codes is accepted once, so it returns a later one each time. */
export class Authenticator {
  #key;
  #last = 0;

  constructor(secret) {
    const bits = [...secret.replace(/\s/g, "")].map((char) => ALPHABET.indexOf(char).toString(2).padStart(5, "0")).join("");
    this.#key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  }

  /** The next code that the server accepts: of the last, the current or the next 30 seconds. */
  async code() {
    const step = Math.max(this.#last + 1, Math.floor((Date.now() + MARGIN) / STEP) - 1);
    while (step > Math.floor(Date.now() / STEP) + 1) await new Promise((resolve) => setTimeout(resolve, 200));
    this.#last = step;
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const digest = createHmac("sha1", this.#key).update(counter).digest();
    const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, "0");
  }

  /** A code that is wrong now. */
  async wrongCode() {
    return String((Number(await new Authenticator("MFRGGZDF").code()) + 1) % 1_000_000).padStart(6, "0");
  }
}

/** Creates an administrator with an own password, and returns an access token too. */
export async function createAdministrator(server, token, { email, full_name = "Second Administrator", password = "seven green lanterns" }) {
  const body = { role: "admin", full_name, email };
  const { user, generated_password } = await server.call("sec", "POST", "/auth/admin/users", { token, body });
  const first = await server.call("sec", "POST", "/auth/admin/login", { body: { email, password: generated_password } });
  const change = { current_password: generated_password, new_password: password };
  const { access_token } = await server.call("sec", "POST", "/auth/me/password", { token: first.access_token, body: change });
  return { id: user.id, email, full_name, password, token: access_token };
}

/** Creates an administrator with a second factor. */
export async function createWithSecondFactor(server, token, values) {
  const administrator = await createAdministrator(server, token, values);
  const path = "/auth/admin/me/second-factor";
  const { secret } = await server.call("sec", "POST", path, { token: administrator.token });
  const app = new Authenticator(secret);
  const body = { code: await app.code() };
  const { recovery_codes } = await server.call("sec", "POST", `${path}/confirm`, { token: administrator.token, body });
  return { ...administrator, app, recoveryCodes: recovery_codes };
}
