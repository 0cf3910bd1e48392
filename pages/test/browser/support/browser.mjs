// Chromium, and pages whose errors fail the test.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-features=LocalNetworkAccessChecks"],
  });

/** A browser context that records CSP violations, errors and requests to other hosts. */
export async function openContext(browser, server, options = {}) {
  const context = await browser.newContext({ locale: "en", viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(20_000);
  const faults = [];
  await context.exposeBinding("reportViolation", (_, text) => faults.push(`CSP: ${text}`));
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
      window.reportViolation(`${violatedDirective} ${blockedURI} ${sample}`));
  });
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (/^https?:$/.test(url.protocol) && !isOwn(url, server)) faults.push(`request to ${url.host}`);
  });
  context.on("page", (page) => {
    page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" && !isRefusal(message)) faults.push(`console: ${message.text()}`);
    });
  });
  /** Removes expected faults. */
  context.clear = (text) => void faults.splice(0, Infinity, ...faults.filter((fault) => !fault.includes(text)));
  context.assertClean = () => assert.deepEqual(faults.splice(0), []);
  return context;
}

const isOwn = ({ hostname, port }, server) =>
  hostname === "web.telegram.org" || (/(^|\.)localhost$/.test(hostname) && port === String(server.pagesPort));

/** Chromium logs each failed request, also those that the page handles. */
const isRefusal = (message) =>
  message.text().startsWith("Failed to load resource") &&
  (/\/(auth|health|docs)\//.test(message.location().url) || message.text().includes("net::ERR_CONNECTION_REFUSED"));

/** Elements that make the page scroll sideways. */
export async function tooWide(page) {
  return page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const isWide = (element) => element.getBoundingClientRect().right > clientWidth + 0.5;
    const wide = [...document.querySelectorAll("body *")].filter(isWide).map((element) => element.outerHTML.slice(0, 120));
    return [`${scrollWidth} px`, ...wide];
  });
}
