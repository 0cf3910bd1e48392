import assert from "node:assert/strict";
import { test } from "node:test";
import { plural } from "../admin/plural.js";
import { routeOf } from "../admin/router.js";
import { en } from "../admin/texts/en.js";
import { more as panelMoreEn } from "../admin/texts/en_more.js";
import { kk } from "../admin/texts/kk.js";
import { more as panelMoreKk } from "../admin/texts/kk_more.js";
import { ru } from "../admin/texts/ru.js";
import { more as panelMoreRu } from "../admin/texts/ru_more.js";
import { en as miniappEn } from "../miniapp/texts/en.js";
import { more as moreEn } from "../miniapp/texts/en_more.js";
import { kk as miniappKk } from "../miniapp/texts/kk.js";
import { more as moreKk } from "../miniapp/texts/kk_more.js";
import { ru as miniappRu } from "../miniapp/texts/ru.js";
import { more as moreRu } from "../miniapp/texts/ru_more.js";
import { lastDayBefore, startOfDay } from "../shared/date.js";
import { deviceName } from "../shared/device_name.js";
import { duration } from "../shared/duration.js";
import { languageOf } from "../shared/language.js";
import { launchParams } from "../shared/launch.js";
import { fill, trimGenerated } from "../shared/text.js";
import { properties, readable } from "../shared/theme.js";

test("translations_have_the_same_placeholders", () => {
  for (const [reference, others] of [
    [en, [ru, kk]],
    [panelMoreEn, [panelMoreRu, panelMoreKk]],
    [miniappEn, [miniappRu, miniappKk]],
    [moreEn, [moreRu, moreKk]],
  ] as const) {
    for (const other of others) assert.deepEqual(placeholders(other), placeholders(reference));
  }
});

test("notice_of_old_init_data_says_to_restart_telegram", () => {
  const texts = [moreEn, moreRu, moreKk].map(({ notices }) => notices.init_data_expired.text);
  const restarts = ["restart Telegram", "перезапустите Telegram", "Telegram-ды қайта іске қосыңыз"];
  texts.forEach((text, i) => assert.ok(text.includes(restarts[i]!), text));
});

/** Placeholders by the path of their text; a person's name may be left out of a longer text. */
function placeholders(value: object, path = ""): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const [key, text] of Object.entries(value)) {
    const at = `${path}/${key}`;
    if (typeof text === "string") {
      if (at.endsWith("/text")) continue;
      found[at] = (text.match(/\{\w+\}/g) ?? []).sort();
    } else if ("other" in text) {
      // The number of plural forms differs between languages.
      Object.assign(found, placeholders({ [key]: text.other }, path));
    } else Object.assign(found, placeholders(text, at));
  }
  return found;
}

test("counts_follow_the_plural_rules_of_the_language", () => {
  const count = (n: number) => plural("ru", ru.usersCount, n);
  assert.deepEqual([1, 2, 5, 21, 112].map(count), [
    "1 пользователь",
    "2 пользователя",
    "5 пользователей",
    "21 пользователь",
    "112 пользователей",
  ]);
  assert.equal(plural("kk", kk.usersCount, 2), "2 пайдаланушы");
});

test("route_has_path_and_query", () => {
  const { path, query } = routeOf("#/users/a%2Fb?q=x%20y");
  assert.deepEqual(path, ["users", "a/b"]);
  assert.equal(query.get("q"), "x y");
  assert.deepEqual(routeOf("").path, []);
  assert.deepEqual(routeOf("#/users/%E0%A4%A").path, ["users", "%E0%A4%A"]);
});

test("duration_has_minutes_and_hours", () => {
  assert.deepEqual([4, 75, 3600].map(duration), ["0:04", "1:15", "1:00:00"]);
});

test("white_space_is_trimmed_around_generated_passwords_only", () => {
  assert.equal(trimGenerated(" 7k3m-x2q9-ab4t-p8dh\n"), "7k3m-x2q9-ab4t-p8dh");
  assert.equal(trimGenerated(" own password "), " own password ");
});

test("unknown_placeholders_stay", () => {
  assert.equal(fill("{a} {b}", { a: "{b}" }), "{b} {b}");
});

test("launch_parameters_follow_a_fragment_of_the_page", () => {
  assert.equal(launchParams("#tgWebAppData=a%3Db").get("tgWebAppData"), "a=b");
  assert.equal(launchParams("#/path?tgWebAppData=a%3Db").get("tgWebAppData"), "a=b");
  assert.equal(launchParams("").get("tgWebAppData"), null);
});

test("language_is_the_first_known_one", () => {
  assert.equal(languageOf([null, "kk-KZ", "ru"]), "kk");
  assert.equal(languageOf(["de", "toString"]), "en");
});

test("device_name_is_short", () => {
  assert.equal(deviceName("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), "Firefox, Linux");
  assert.equal(deviceName("curl/8.14.1"), "curl");
  assert.equal(deviceName(""), null);
});

test("colours_of_the_theme_are_readable", () => {
  const values = properties({
    bg_color: "#ffffff",
    secondary_bg_color: "#efeff3",
    text_color: "#000000",
    hint_color: "#999999",
    link_color: "#2481cc",
  });
  assert.equal(values["page"], "#efeff3");
  assert.notEqual(values["hint"], "#999999");
  assert.equal(readable("#000000", ["#ffffff"], "#000000"), "#000000");
  assert.equal(readable("#ffffff", ["#ffffff"], "#000000"), "#666666");
});

test("days_start_in_the_zone_of_the_viewer", () => {
  assert.equal(startOfDay("2026-01-31", 1), new Date(2026, 1, 1).toISOString());
  assert.equal(startOfDay("", 0), null);
});

test("last_day_before_a_time_is_the_one_that_ends_with_it", () => {
  const midnight = startOfDay("2026-03-01", 0) as string;
  assert.equal(lastDayBefore(midnight), "2026-02-28");
  assert.equal(lastDayBefore(new Date(Date.parse(midnight) + 1).toISOString()), "2026-03-01");
  assert.equal(startOfDay(lastDayBefore(midnight), 1), midnight);
});
