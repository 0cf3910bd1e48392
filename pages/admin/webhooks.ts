import type { Client } from "../client/divan.js";
import { DivanError } from "../client/error.js";

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

export type DisabledReason = "administrator" | "gone" | "failing" | "cursor_expired";
export type ErrorReason = "timeout" | "connection" | "dns" | "tls" | "address_not_allowed" | "status" | "secret_unreadable";

export interface Webhook {
  id: string;
  url: string;
  description?: string;
  /** Empty for all. */
  types: string[];
  state: "enabled" | "disabled";
  disabled_reason?: DisabledReason;
  disabled_at?: string;
  created_at: string;
  created_by?: string;
  last_success_at?: string;
  failing_since?: string;
  last_error?: { at: string; reason: ErrorReason; status?: number };
  pending: number;
}

export interface WebhookChanges {
  url?: string;
  description?: string | null;
  types?: string[];
  state?: Webhook["state"];
}

export interface WebhookTest {
  delivered: boolean;
  status?: number;
  reason?: ErrorReason;
  duration_ms: number;
}

interface WithSecret {
  webhook: Webhook;
  secret: string;
}

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
