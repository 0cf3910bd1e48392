// Writes `docs/screenshots/`. With a folder as argument: every screen in all languages, themes and sizes.
import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LANGUAGES, setMiniAppLanguage, setPanelLanguage, THEMES } from "../test/browser/support/axe.mjs";
import { launch, openContext } from "../test/browser/support/browser.mjs";
import { createLinked } from "../test/browser/support/miniapp.mjs";
import { bootstrap, createUser } from "../test/browser/support/panel.mjs";
import { miniAppScreens, panelScreens, passkeyScreens, requiredSecondFactor, secondFactorScreens, serviceScreens, webhookScreens } from "../test/browser/support/screens.mjs";
import { startServer } from "../test/browser/support/server.mjs";

const SIZES = ["360x640", "390x844", "768x1024", "1440x900"];

/** The committed pictures: `screen-language-theme-size`. */
const COMMITTED = [
  "index-en-light-1440x900",
  "outside-en-light-390x844",
  "sign_in-ru-light-390x844",
  "sign_in-en-light-390x844",
  "notice-ru-dark-360x640",
  "account-kk-light-390x844",
  "devices-en-dark-390x844",
  "first_run-ru-light-768x1024",
  "users-en-light-1440x900",
  "users-ru-dark-1440x900",
  "users-kk-light-360x640",
  "generated_password-ru-light-390x844",
  "user-ru-light-768x1024",
  "audit-en-dark-1440x900",
  "import_errors-kk-dark-768x1024",
  "import_preview-en-light-1440x900",
  "enrol-ru-light-1440x900",
  "recovery_codes-en-light-390x844",
  "step_up-kk-dark-360x640",
  "passkeys-en-dark-768x1024",
  "approvals-ru-light-768x1024",
  "services-en-light-1440x900",
  "webhooks-ru-dark-768x1024",
];

/** No names of people: the words for "first name" and "last name" in the three languages. */
const NAMES = ["First Last", "Имя Фамилия", "Аты Тегі", "Атының Бірінші Бөлігі Тегінің-Ұзақ-Жазылуы"];


const root = dirname(dirname(fileURLToPath(import.meta.url)));
const all = process.argv[2];
const folder = all ? resolve(all) : join(root, "../docs/screenshots");

/** Users as a company has them: most have signed in, some never did, a few are deactivated. */
async function fill(server, token) {
  for (let i = 0; i < 200; i++) {
    const full_name = i < NAMES.length ? NAMES[i] : `${NAMES[i % NAMES.length]} ${Math.ceil(i / NAMES.length)}`;
    const phone = `+7701555${1000 + i}`;
    if (i % 40 === 1) await createLinked(server, token, { id: 600 + i, phone, full_name });
    else await createUser(server, token, { full_name, phone, external_id: `T-${1000 + i}` });
  }
  await createUser(server, token, { role: "admin", full_name: "Second Administrator", email: "second@example.com" });
  const linked = await createLinked(server, token, { id: 500, phone: "+77015550500", full_name: NAMES[3] });
  const metadata = { department: "Логистика", shift: 2 };
  await server.call("sec", "PATCH", `/auth/admin/users/${linked.id}`, { token, body: { metadata } });
  return { linked };
}

async function shootScreens(browser, server, screens, setLanguage) {
  const context = await openContext(browser, server, { reducedMotion: "reduce", locale: "en-GB" });
  const page = await context.newPage();
  for (const [screen, open] of Object.entries(screens)) {
    await open(page);
    for (const language of LANGUAGES) for (const theme of THEMES) for (const size of SIZES) {
      const name = `${screen}-${language}-${theme}-${size}`;
      if (!all && !COMMITTED.includes(name)) continue;
      const [width, height] = size.split("x").map(Number);
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: theme });
      await setLanguage(page, language);
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
    }
  }
  context.assertClean();
  await context.close();
}

await mkdir(folder, { recursive: true });
for (const name of await readdir(folder)) if (name.endsWith(".png")) await rm(join(folder, name));
const [browser, server] = await Promise.all([launch(), startServer()]);
try {
  const token = await bootstrap(server);
  const content = await fill(server, token);
  await shootScreens(browser, server, await miniAppScreens(server, content), setMiniAppLanguage);
  await shootScreens(browser, server, await panelScreens(server, content), setPanelLanguage);
  await shootScreens(browser, server, await secondFactorScreens(server, token), setPanelLanguage);
  await shootScreens(browser, server, await passkeyScreens(server, token), setPanelLanguage);
  await shootScreens(browser, server, await serviceScreens(server, token), setPanelLanguage);
  await shootScreens(browser, server, await webhookScreens(server), setPanelLanguage);
  const required = await startServer({ DIVAN_ADMIN_SECOND_FACTOR: "required" });
  await shootScreens(browser, required, requiredSecondFactor(required), setPanelLanguage).finally(() => required.stop());
  await shootScreens(browser, server, { index: (page) => page.goto(server.index) }, async () => {});
  const written = await readdir(folder);
  const missing = all ? [] : COMMITTED.filter((name) => !written.includes(`${name}.png`));
  if (missing.length > 0) throw new Error(`not written: ${missing.join(", ")}`);
} finally {
  await browser.close();
  await server.stop();
}
