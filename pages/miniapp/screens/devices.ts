import type { components } from "../../shared/api.js";
import { DivanError } from "../../client/error.js";
import { shortTime } from "../../shared/date.js";
import { deviceName } from "../../shared/device_name.js";
import { h } from "../../shared/dom.js";
import type { App, Screen } from "../app.js";
import { problemText } from "../problems.js";

type SessionInfo = components["schemas"]["SessionInfo"];

/** The devices on which the user is signed in. */
export function devices(back: () => void): Screen {
  return {
    back,
    render: (app) => {
      const list = h("div", { class: "list", "aria-live": "polite" }, h("p", { class: "lead" }, app.texts.loading));
      void load(app, list);
      return [
        h("h1", { tabindex: -1 }, app.texts.devices),
        h("p", { class: "lead" }, app.more.devicesHint),
        list,
      ];
    },
  };
}

async function load(app: App, list: HTMLElement): Promise<void> {
  try {
    const { items } = await app.client.request<{ items: SessionInfo[] }>("GET", "auth/sessions");
    const others = items.filter((session) => !session.is_current);
    list.replaceChildren(
      ...items.filter((session) => session.is_current).map((session) => card(app, list, session)),
      ...others.map((session) => card(app, list, session)),
      ...(others.length ? [] : [h("p", { class: "lead" }, app.more.noOtherDevices)]),
    );
  } catch (cause) {
    showError(app, list, cause, () => void load(app, list));
  }
}

function card(app: App, list: HTMLElement, session: SessionInfo): HTMLElement {
  const { more } = app;
  const time = h("time", { datetime: session.refreshed_at }, shortTime(app.language, session.refreshed_at));
  const end = h("button", { type: "button", class: "link danger" }, more.end);
  // The second press confirms: dialogs of the browser are blocked in frames.
  end.addEventListener("click", () => {
    if (end.dataset["asked"]) void remove(app, list, session);
    end.dataset["asked"] = "yes";
    end.textContent = more.endConfirm;
  });
  return h("section", { class: "card" },
    h("div", { class: "row device" },
      h("span", {},
        h("b", {}, deviceName(session.device) ?? more.unknownDevice),
        h("span", { class: "note" }, session.is_current ? more.thisDevice : null, session.is_current ? " · " : null, time, session.address ? ` · ${session.address}` : null),
      ),
      !session.is_current && end,
    ),
  );
}

async function remove(app: App, list: HTMLElement, session: SessionInfo): Promise<void> {
  try {
    await app.client.request("DELETE", `auth/sessions/${session.id}`);
    await load(app, list);
  } catch (cause) {
    if (cause instanceof DivanError && cause.code === "not_found") return load(app, list);
    showError(app, list, cause, () => void load(app, list));
  }
}

function showError(app: App, list: HTMLElement, cause: unknown, retry: () => void): void {
  if (!app.user) return;
  const error = cause instanceof DivanError ? cause : new DivanError("internal");
  list.replaceChildren(
    h("p", { class: "error", role: "alert" }, problemText(app.texts, error)),
    h("button", { type: "button", class: "secondary", onclick: retry }, app.texts.retry),
  );
}
