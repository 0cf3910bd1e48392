// Requests that are held or refused on their way.

/** Holds one request to a path until the returned function is called, with a response if the server is not asked. */
export async function hold(page, path) {
  let release;
  let isHeld;
  const released = new Promise((resolve) => (release = resolve));
  const held = new Promise((resolve) => (isHeld = resolve));
  await page.route(path, async (route) => {
    if (route.request().method() !== "POST") return route.fallback();
    isHeld();
    const response = await released;
    await (response ? route.fulfill(response) : route.continue());
  });
  return { held, release };
}

/** Makes the next request to a path fail, because the last proof of identity is too old. */
export async function refuseOnce(page, path, method, methods) {
  const body = JSON.stringify({ status: 401, code: "insufficient_user_authentication", methods });
  const refusal = { status: 401, headers: { "Content-Type": "application/problem+json" }, body };
  let isRefused = false;
  await page.route(path, (route) => {
    if (isRefused || route.request().method() !== method) return route.fallback();
    isRefused = true;
    return route.fulfill(refusal);
  });
}
