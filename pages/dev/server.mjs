// Development server: serves `dist/` by host as the Divan server will, and passes calls on to one.
//
//   DIVAN_SERVER=http://127.0.0.1:8000 npm run dev
import { readFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const port = Number(process.env.PORT ?? 8100);
const upstream = new URL(process.env.DIVAN_SERVER ?? "http://127.0.0.1:8000");

const csp =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "font-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; " +
  "trusted-types 'none'; frame-ancestors ";

createServer((incoming, outgoing) => {
  answer(incoming, outgoing).catch((error) => {
    console.error(error);
    if (!outgoing.headersSent) outgoing.writeHead(500);
    outgoing.end();
  });
}).listen(port, "127.0.0.1", () => {
  console.log(`http://localhost:${port}/`);
});

async function answer(incoming, outgoing) {
  const host = incoming.headers.host ?? "";
  const { pathname } = new URL(incoming.url, `http://${host}`);
  const page = host.startsWith("sec.") ? "admin" : host.startsWith("divan.") ? "miniapp" : "index";
  if (/^\/(auth|docs|health|openapi\.json|\.well-known)/.test(pathname)) return pass(incoming, outgoing);
  const path = pathname === "/" ? `${page}.html` : pathname.slice(1);
  const manifest = JSON.parse(await readFile(join(dist, "manifest.json"), "utf8"));
  const entry = manifest.find((entry) => entry.path === path);
  if (!entry) return outgoing.writeHead(404).end();
  const headers = {
    "Content-Type": entry.type,
    ETag: `"${entry.etag}"`,
    "Cache-Control": entry.immutable ? "public, max-age=31536000, immutable" : "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
  };
  if (entry.path.endsWith(".html")) {
    headers["Content-Security-Policy"] = csp + (page === "miniapp" ? "https://web.telegram.org" : "'none'");
  }
  if (/\bbr\b/.test(incoming.headers["accept-encoding"] ?? "")) {
    outgoing.writeHead(200, { ...headers, "Content-Encoding": "br" });
    return outgoing.end(await readFile(join(dist, `${path}.br`)));
  }
  outgoing.writeHead(200, headers);
  outgoing.end(await readFile(join(dist, path)));
}

function pass(incoming, outgoing) {
  const { method, url: path } = incoming;
  // The server knows its own port only.
  const headers = { ...incoming.headers };
  for (const name of ["host", "origin", "referer"]) {
    if (headers[name]) headers[name] = headers[name].replace(`:${port}`, `:${upstream.port}`);
  }
  const options = { host: upstream.hostname, port: upstream.port, method, path, headers };
  const call = request(options, (response) => {
    outgoing.writeHead(response.statusCode, response.headers);
    response.pipe(outgoing);
  });
  call.on("error", () => outgoing.writeHead(502).end());
  incoming.pipe(call);
}
