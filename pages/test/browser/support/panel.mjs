// Steps in the admin panel.
export const ADMIN = { email: "admin@example.com", password: "quiet river lantern", full_name: "First Administrator" };

/** Creates the first administrator by the API, and returns an access token. */
export async function bootstrap(server) {
  const token = server.env.DIVAN_BOOTSTRAP_TOKEN;
  const headers = token && { "X-Bootstrap-Token": token };
  await server.call("sec", "POST", "/auth/admin/bootstrap", { body: ADMIN, headers });
  return adminToken(server);
}

export async function adminToken(server, { email, password } = ADMIN) {
  const { access_token } = await server.call("sec", "POST", "/auth/admin/login", { body: { email, password } });
  return access_token;
}

export const createUser = (server, token, user) =>
  server.call("sec", "POST", "/auth/admin/users", { token, body: { role: "employee", ...user } });

export async function signInToPanel(page, server, { email, password } = ADMIN, shows = "nav") {
  await page.goto(server.panel);
  await page.locator("input[autocomplete=username]").fill(email);
  await page.locator("input[autocomplete=current-password]").fill(password);
  await page.keyboard.press("Enter");
  await page.locator(shows).waitFor();
}

/** Shows another screen of the panel without a load of the page. */
export const show = (page, route) => page.evaluate((route) => (location.hash = `#/${route}`), route);
