import type { Client } from "../client/divan.js";
import { DivanError } from "../client/error.js";
import type { components } from "../shared/api.js";

/** Types of events, as the server names them. */
export const EVENT_TYPES = [
  "user.created",
  "user.updated",
  "user.activated",
  "user.deactivated",
  "user.deleted",
  "session.revoked",
  "telegram.linked",
  "telegram.unlinked",
  "admin.promoted",
  "admin.demoted",
] as const;

type Schemas = components["schemas"];
export type DisabledReason = Schemas["WebhookDisabledReason"];
export type ErrorReason = Schemas["WebhookErrorReason"];
export type Webhook = Schemas["Webhook"];
export type WebhookTest = Schemas["WebhookTest"];
export type WebhookChanges = Schemas["UpdateWebhookRequest"];
type WithSecret = Schemas["WebhookWithSecret"];

const webhooks = "auth/admin/webhooks";

/** Calls about webhooks. */
export const webhookApi = {
  /** Returns `null` if the server delivers no webhooks. */
  list: async (client: Client): Promise<Webhook[] | null> => {
    try {
      return (await client.request<{ items: Webhook[] }>("GET", webhooks)).items;
    } catch (error) {
      const isAbsent = error instanceof DivanError && ["not_found", "webhooks_not_configured"].includes(error.code);
      if (isAbsent) return null;
      throw error;
    }
  },
  get: (client: Client, id: string) => client.request<Webhook>("GET", `${webhooks}/${encodeURIComponent(id)}`),
  create: (client: Client, webhook: WebhookChanges) => client.request<WithSecret>("POST", webhooks, webhook),
  update: (client: Client, id: string, changes: WebhookChanges) =>
    client.request<Webhook>("PATCH", `${webhooks}/${id}`, changes),
  remove: (client: Client, id: string) => client.request("DELETE", `${webhooks}/${id}`),
  rotate: (client: Client, id: string) => client.request<WithSecret>("POST", `${webhooks}/${id}/secret`),
  test: (client: Client, id: string) => client.request<WebhookTest>("POST", `${webhooks}/${id}/test`),
  replay: (client: Client, id: string, since: string | null) =>
    client.request("POST", `${webhooks}/${id}/replay`, { since }),
};

/** Whether an administrator must do something: it fails, or the server has disabled it. */
export const needsAttention = ({ failing_since, disabled_reason }: Webhook): boolean =>
  disabled_reason ? disabled_reason !== "administrator" : !!failing_since;

/** The host of a URL, which the server has checked. */
export const hostOf = (url: string): string => new URL(url).host;
