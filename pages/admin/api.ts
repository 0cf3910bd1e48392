import type { Client } from "../client/divan.js";
import type { components } from "../shared/api.js";
import type { PasskeyJson } from "./passkey.js";

type Schemas = components["schemas"];
export type User = Schemas["User"];
export type AuditEvent = Schemas["AuditEvent"];
export type SessionInfo = Schemas["SessionInfo"];
export type DeviceInfo = Schemas["DeviceInfo"];
export type ImportPreview = Schemas["ImportPreview"];
export type ImportedUser = Schemas["ImportedUser"];
export type ImportedChange = Schemas["ImportedChange"];
export type ImportLineError = Schemas["ImportLineError"];
export type ImportedPassword = Schemas["ImportedPassword"];
/** A line of the response to an import. */
export type ImportEvent = Schemas["ImportEvent"];
export type SecondFactor = Schemas["SecondFactor"];
export type Promotion = Schemas["PendingPromotion"];
export type Passkey = Schemas["Passkey"];
export type Service = Schemas["ServiceCredential"];
export type ServiceSecret = Schemas["ServiceSecretInfo"];
export type ServiceScope = Schemas["ServiceScope"];
export type UserFilter = Schemas["ListUsersRequest"];

/** What the user signs in with. */
export const loginOf = ({ role, email, phone }: User): string => (role === "admin" ? email : phone) ?? "";

const users = "auth/admin/users";
const secondFactor = "auth/admin/me/second-factor";
const passkeys = "auth/admin/me/passkeys";
const promotions = "auth/admin/promotions";
const services = "auth/admin/services";

/** Calls of the admin panel, by the operation ids of the API. */
export const api = {
  searchUsers: (client: Client, filter: UserFilter) =>
    client.request<Schemas["UserPage"]>("POST", `${users}/search`, filter),
  getUser: (client: Client, id: string) =>
    client.request<User>("GET", `${users}/${encodeURIComponent(id)}?include=metadata`),
  createUser: (client: Client, user: Schemas["CreateUserRequest"]) =>
    client.request<Schemas["CreatedUser"]>("POST", users, user),
  updateUser: (client: Client, id: string, changes: Schemas["UpdateUserRequest"]) =>
    client.request<User>("PATCH", `${users}/${id}`, changes),
  deleteUser: (client: Client, id: string) => client.request("DELETE", `${users}/${id}`),
  resetPassword: (client: Client, id: string) =>
    client.request<Schemas["GeneratedPassword"]>("POST", `${users}/${id}/reset-password`),
  unlinkTelegram: (client: Client, id: string) =>
    client.request<Schemas["GeneratedPassword"]>("POST", `${users}/${id}/unlink-telegram`),
  promoteUser: (client: Client, id: string, email: string) =>
    client.request<Schemas["PromotedUser"]>("POST", `${users}/${id}/promote`, { email }),
  promotions: (client: Client) => client.request<Schemas["PromotionList"]>("GET", promotions),
  approvePromotion: (client: Client, id: string) =>
    client.request<Schemas["GeneratedPassword"]>("POST", `${promotions}/${id}/approve`),
  declinePromotion: (client: Client, id: string) => client.request("DELETE", `${promotions}/${id}`),
  unlockUser: (client: Client, id: string) => client.request("POST", `${users}/${id}/unlock`),
  userSessions: (client: Client, id: string) =>
    client.request<Schemas["SessionList"]>("GET", `${users}/${id}/sessions`),
  endUserSessions: (client: Client, id: string) => client.request("DELETE", `${users}/${id}/sessions`),
  secondFactorOf: (client: Client, id: string) => client.request<SecondFactor>("GET", `${users}/${id}/second-factor`),
  resetSecondFactor: (client: Client, id: string) => client.request("DELETE", `${users}/${id}/second-factor`),
  failedSignIns: (client: Client, id: string) =>
    client.request<Schemas["FailedSignIns"]>("GET", `${users}/${id}/failed-sign-ins`),
  audit: (client: Client, filter: Record<string, string | undefined>) => {
    const given = Object.entries(filter).filter((entry): entry is [string, string] => !!entry[1]);
    return client.request<Schemas["AuditPage"]>("GET", `auth/admin/audit?${new URLSearchParams(given)}`);
  },
  secondFactor: (client: Client) => client.request<SecondFactor>("GET", secondFactor),
  beginSecondFactor: (client: Client) =>
    client.request<Schemas["SecondFactorEnrolment"]>("POST", secondFactor),
  confirmSecondFactor: (client: Client, code: string) =>
    client.request<Schemas["EnabledSecondFactor"]>("POST", `${secondFactor}/confirm`, { code }),
  disableSecondFactor: (client: Client) => client.request<Schemas["FreshToken"]>("DELETE", secondFactor),
  replaceRecoveryCodes: (client: Client) =>
    client.request<Schemas["RecoveryCodes"]>("POST", `${secondFactor}/recovery-codes`),
  passkeys: (client: Client) => client.request<Schemas["PasskeyList"]>("GET", passkeys),
  passkeyToAdd: (client: Client) => client.request<Schemas["PasskeyCeremony"]>("POST", `${passkeys}/options`),
  addPasskey: (client: Client, name: string, credential: PasskeyJson) =>
    client.request<Schemas["AddedPasskey"]>("POST", passkeys, { name, credential }),
  renamePasskey: (client: Client, id: string, name: string) =>
    client.request<Passkey>("PATCH", `${passkeys}/${id}`, { name }),
  removePasskey: (client: Client, id: string) => client.request<Schemas["FreshToken"]>("DELETE", `${passkeys}/${id}`),
  passkeyForStepUp: (client: Client) => client.request<Schemas["PasskeyCeremony"]>("POST", "auth/admin/step-up/options"),
  services: (client: Client) => client.request<Schemas["ServiceList"]>("GET", services),
  getService: (client: Client, id: string) => client.request<Service>("GET", `${services}/${encodeURIComponent(id)}`),
  createService: (client: Client, service: Schemas["CreateServiceRequest"]) =>
    client.request<Schemas["NewServiceSecret"]>("POST", services, service),
  updateService: (client: Client, id: string, changes: Schemas["UpdateServiceRequest"]) =>
    client.request<Service>("PATCH", `${services}/${id}`, changes),
  deleteService: (client: Client, id: string) => client.request("DELETE", `${services}/${id}`),
  rotateServiceSecret: (client: Client, id: string, previous_expires_in: number) =>
    client.request<Schemas["NewServiceSecret"]>("POST", `${services}/${id}/secrets`, { previous_expires_in }),
  removeServiceSecret: (client: Client, id: string, secret: string) =>
    client.request("DELETE", `${services}/${id}/secrets/${secret}`),
  sessions: (client: Client) => client.request<Schemas["SessionList"]>("GET", "auth/sessions"),
  endSession: (client: Client, id: string) => client.request("DELETE", `auth/sessions/${id}`),
  devices: (client: Client) => client.request<Schemas["DeviceList"]>("GET", "auth/devices"),
  removeDevice: (client: Client, id: string) => client.request("DELETE", `auth/devices/${id}`),
};
