// A page that uses the types of openapi-typescript. It is compiled in strict mode and not run.
import type { components, operations, paths } from "./openapi";

type Schemas = components["schemas"];

// Requests and responses are typed by path and by operation.
type Login = paths["/auth/telegram/login"]["post"];
const login: Login["requestBody"]["content"]["application/json"] = { phone: "+77011234567", password: "umbrella 77" };
type Tokens = Login["responses"][200]["content"]["application/json"];
export const authorization = (tokens: Tokens): string => `Bearer ${tokens.access_token}`;
export const phone: string | null | undefined = login.phone;
const page: operations["list_users"]["responses"][200]["content"]["application/json"] = { items: [] };
export const names: string[] = page.items.map((user: Schemas["User"]) => user.full_name);

// A page translates problems and member errors by code, and must accept codes that it does not know.
const messages: Record<string, (params: { min?: number; max?: number }) => string> = {
  password_too_short: ({ min }) => `Minimum ${min}`,
};
export const translate = (problem: Schemas["Problem"]): string[] =>
  (problem.errors ?? []).map((error) => messages[error.code]?.(error.params ?? {}) ?? error.detail);

// The token endpoint has the form of RFC 6749.
type Token = paths["/auth/token"]["post"];
export const form: Token["requestBody"]["content"]["application/x-www-form-urlencoded"] = { grant_type: "password" };
export const rejected: Token["responses"][400]["content"]["application/json"] = {
  error: "invalid_grant",
  error_description: "invalid credentials",
};

// @ts-expect-error A member that does not exist is an error.
export const surname = (user: Schemas["User"]) => user.surname;
