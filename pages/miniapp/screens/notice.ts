import { h } from "../../shared/dom.js";
import type { Screen } from "../app.js";
import { start } from "../start.js";
import type { NoticeCode } from "../texts/texts.js";

/** A problem that the user solves outside this page. */
export function notice(code: NoticeCode): Screen {
  return {
    render: (app) => {
      const { title, text } = app.more.notices[code];
      const isOver = code === "init_data_missing" || code.startsWith("init_data_");
      const again = h("button", { type: "button", class: "secondary", onclick: () => void start(app) }, app.texts.retry);
      const close = h("button", { type: "button", class: "secondary", onclick: app.bridge.close }, app.more.close);
      const button = isOver ? app.bridge.isTelegram && close : again;
      return [h("h1", { tabindex: -1 }, title), h("p", { class: "lead" }, text), button || h("span", {})];
    },
  };
}
