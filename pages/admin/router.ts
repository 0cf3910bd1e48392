import { useLayoutEffect, useState } from "preact/hooks";

export interface Route {
  path: string[];
  query: URLSearchParams;
}

/** Reads the route of the page's fragment, such as `#/users/ID`. */
export function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

export const serviceLink = (id: string): string => `#/services/${encodeURIComponent(id)}`;

export const webhookLink = (id: string): string => `#/webhooks/${encodeURIComponent(id)}`;

export const userLink = (id: string): string => `#/users/${encodeURIComponent(id)}`;

/** Returns the route and the number of visits: a link to the shown screen shows it again. */
export function useRoute(): Route & { visit: number } {
  const [{ hash, visit }, setState] = useState({ hash: location.hash, visit: 0 });
  // Before the next event: a link can be followed as soon as it is shown.
  useLayoutEffect(() => {
    const update = () => setState(({ visit }) => ({ hash: location.hash, visit: visit + 1 }));
    addEventListener("hashchange", update);
    return () => removeEventListener("hashchange", update);
  }, []);
  return { ...routeOf(hash), visit };
}

/** Replaces the query of the route, so that the filters of a list can be linked. */
export function replaceQuery(path: string, values: Record<string, string>): void {
  // Another screen may be on its way.
  if ((routeOf(location.hash).path[0] ?? "users") !== path) return;
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ""));
  const text = query.size > 0 ? `?${query}` : "";
  history.replaceState(null, "", `#/${path}${text}`);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
