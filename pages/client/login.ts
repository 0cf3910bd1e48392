import { launchInitData } from "../shared/launch.js";
import type { AdminCredentials, AutoLogin, Credentials } from "./divan.js";
import { DivanError } from "./error.js";
import type { Call } from "./transport.js";

export type LoginInput = Credentials | AdminCredentials | AutoLogin;

/** Returns the request of a sign-in. It is never repeated: a repetition may act twice. */
export function loginCall(input: LoginInput, deviceToken: (email: string) => string | undefined): Call {
  if ("email" in input) {
    const { email, password } = input;
    return post("auth/admin/login", { email, password, device_token: deviceToken(email) });
  }
  const init_data = input.initData ?? launchInitData();
  if (!init_data) throw new DivanError("init_data_missing", 401);
  if (!("password" in input)) return post("auth/telegram/auto-login", { init_data });
  const { password } = input;
  const identifier = "contact" in input ? { contact: input.contact } : { phone: input.phone };
  return post("auth/telegram/login", { ...identifier, password, init_data });
}

const post = (path: string, body: unknown): Call => ({ method: "POST", path, body });
