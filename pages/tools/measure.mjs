// Measures the pages: sizes, round trips, times on a slow network and processor, and accessibility.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { everyScreen, setMiniAppLanguage, setPanelLanguage, violations } from "../test/browser/support/axe.mjs";
import { launch, openContext } from "../test/browser/support/browser.mjs";
import { createLinked, launchHash, signedInitData } from "../test/browser/support/miniapp.mjs";
import { bootstrap, signInToPanel } from "../test/browser/support/panel.mjs";
import { fill, miniAppScreens, panelScreens } from "../test/browser/support/screens.mjs";
import { startBehindCaddy } from "../test/browser/support/server.mjs";

const RUNS = 20;
const RTT = 150;
const CPU_SLOWDOWN = 4;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const rows = [];
let isOver = false;

function row(what, measured, budget, isMet = true) {
  rows.push(`| ${what} | ${measured} | ${budget} |${isMet ? "" : " ✗"}`);
  isOver ||= !isMet;
}

/** Sizes of a cold load, as the build computes them. */
function sizes() {
  const { stdout } = spawnSync(process.execPath, [join(root, "build/build.mjs"), "--check"], { encoding: "utf8" });
  for (const [, name, size, limit] of stdout.matchAll(/^(.+): (\d+) of (\d+) bytes/gm)) {
    const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
    row(`${name}, gzip`, kilobytes(size), kilobytes(limit), Number(size) <= Number(limit));
  }
}

/** Times from the start of the navigation until an element is shown, in milliseconds. */
async function times(page, selector, open, rtt) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  await session.send("Network.emulateNetworkConditions", { offline: false, latency: rtt, downloadThroughput: -1, uploadThroughput: -1 });
  await session.send("Emulation.setCPUThrottlingRate", { rate: CPU_SLOWDOWN });
  const measured = [];
  for (let run = 0; run < RUNS; run++) {
    await open(page);
    await page.waitForFunction(() => window.shownAt);
    measured.push(await page.evaluate("window.shownAt"));
  }
  await session.detach();
  return measured.sort((a, b) => a - b);
}

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
const median = (sorted) => percentile(sorted, 0.5);

/** Remembers when the first element that matches is painted. */
const watch = (selector) => `new MutationObserver((_, observer) => {
  if (!document.querySelector(${JSON.stringify(selector)})) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => (window.shownAt = performance.now())));
}).observe(document, { childList: true, subtree: true })`;

/** `prepare` returns a page and what opens it again; a higher latency shows the number of round trips. */
async function measure(what, selector, prepare, { time, roundTrips }) {
  const results = [];
  for (const rtt of [RTT, 2 * RTT]) {
    const { page, open } = await prepare(rtt);
    await page.addInitScript(watch(selector));
    results.push(await times(page, selector, open, rtt));
    await page.context().close();
  }
  const [fast, slow] = results;
  const p95 = percentile(fast, 0.95);
  row(`${what}, p95 of ${RUNS}`, `${Math.round(p95)} ms`, `${time} ms`, p95 <= time);
  row(`${what}, median`, `${Math.round(median(fast))} ms`, "");
  const trips = Math.round((median(slow) - median(fast)) / RTT);
  row(`${what}, round trips`, trips, roundTrips ?? "", !roundTrips || trips <= roundTrips);
}

async function axeCounts(browser, server, content) {
  let screens = 0;
  let found = 0;
  const context = await openContext(browser, server, { viewport: { width: 360, height: 640 }, reducedMotion: "reduce" });
  const count = async (page) => {
    screens++;
    found += (await violations(page)).length;
  };
  await everyScreen(await context.newPage(), await miniAppScreens(server, content), setMiniAppLanguage, count);
  await everyScreen(await context.newPage(), await panelScreens(server, content), setPanelLanguage, count);
  await context.close();
  row(`axe, ${screens} screens in languages and themes`, `${found} violations`, 0, found === 0);
}

sizes();
const [browser, server] = await Promise.all([launch(), startBehindCaddy()]);
try {
  const token = await bootstrap(server);
  const content = await fill(server, token, { count: 200 });
  await measure("Mini App: tap to signed in", ".row.danger", async (rtt) => {
    const id = 900 + rtt;
    await createLinked(server, token, { id, phone: `+77015559${id}` });
    const page = await (await openContext(browser, server)).newPage();
    const address = `${server.miniapp}#${launchHash(await signedInitData(server, { id }), { version: "" })}`;
    await page.goto(address);
    return { page, open: () => page.reload() };
  }, { time: 700, roundTrips: 4 });
  await measure("panel: user list usable", "a.row", async () => {
    const page = await (await openContext(browser, server)).newPage();
    await signInToPanel(page, server);
    return { page, open: () => page.reload() };
  }, { time: 1500 });
  await axeCounts(browser, server, content);
} finally {
  await browser.close();
  await server.stop();
}
console.log(`RTT ${RTT} ms, processor ${CPU_SLOWDOWN}× slower, empty cache, behind Caddy\n\n| what | measured | budget |\n|---|---|---|\n${rows.join("\n")}`);
process.exitCode = isOver ? 1 : 0;
