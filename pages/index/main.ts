// The links lead to other hosts, so they cannot be relative; the port is that of this page.
for (const link of document.querySelectorAll<HTMLAnchorElement>("a[href^='http:']")) link.port = location.port;

const step = document.getElementById("administrator");
const response = await fetch("auth/admin/bootstrap").catch(() => null);
const status = response?.ok ? await response.json() : null;
step?.classList.toggle("done", status?.is_open === false);

// `DIVAN_DOCS=off` removes Swagger UI.
const docs = await fetch("docs/", { method: "HEAD" }).catch(() => null);
if (docs?.status === 404) document.getElementById("docs")?.remove();

export {};
