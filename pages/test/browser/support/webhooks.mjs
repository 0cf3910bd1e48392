// The webhooks of a server, in its place: a test sets every state at once.
import { randomUUID } from "node:crypto";

const PATH = /\/auth\/admin\/webhooks(?:\/([^/?]+)(?:\/(\w+))?)?$/;

/** Answers the calls of a page as a server does that delivers webhooks. */
export class FakeWebhooks {
  items = [];
  /** Bodies of the writes, as `METHOD action`. */
  writes = [];
  /** Result of the next test event. */
  test = { delivered: true, status: 204, duration_ms: 42 };

  add(webhook = {}) {
    const created_at = "2026-01-19T09:12:40Z";
    const added = { id: randomUUID(), url: "https://hooks.example.com/divan", types: [], state: "enabled", created_at, pending: 0, ...webhook };
    this.items.push(added);
    return added;
  }

  install(page) {
    return page.route(PATH, (route) => {
      const request = route.request();
      const [, id, action] = PATH.exec(request.url());
      const body = request.postDataJSON();
      if (request.method() !== "GET") this.writes.push([`${request.method()} ${action ?? ""}`.trim(), body]);
      return route.fulfill(this.#respond(request.method(), id, action, body));
    });
  }

  #respond(method, id, action, body) {
    if (!id && method === "GET") return { json: { items: this.items } };
    if (!id) return this.#create(body);
    const webhook = this.items.find((webhook) => webhook.id === id);
    if (!webhook) return problem(404, "not_found");
    if (action === "secret") return { json: { webhook, secret: `whsec_${"bmV3".repeat(8)}` } };
    if (action === "test") return { json: this.test };
    if (action === "replay") return { status: 204 };
    if (method === "DELETE") {
      this.items = this.items.filter((other) => other !== webhook);
      return { status: 204 };
    }
    if (method === "PATCH") this.#update(webhook, body);
    return { json: webhook };
  }

  #create({ url, ...members }) {
    if (!url.startsWith("https://")) return problem(422, "validation_failed", [{ pointer: "/url", code: "invalid", detail: "" }]);
    const given = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
    return { status: 201, json: { webhook: this.add({ url, ...given }), secret: `whsec_${"c2Vj".repeat(8)}` } };
  }

  #update(webhook, changes) {
    Object.assign(webhook, changes);
    if (changes.state === "enabled") for (const name of ["disabled_reason", "disabled_at", "failing_since"]) delete webhook[name];
    if (changes.state === "disabled") Object.assign(webhook, { disabled_reason: "administrator", disabled_at: "2026-01-22T04:00:12Z" });
  }
}

/** A response with a problem. */
export function problem(status, code, errors) {
  const headers = { "Content-Type": "application/problem+json" };
  return { status, headers, body: JSON.stringify({ status, code, ...(errors && { errors }) }) };
}
