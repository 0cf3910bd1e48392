// Serves this folder at http://localhost:5173/ and passes `/api/` on to the resource server, as a
// development server such as Vite does.
import { readFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { extname } from "node:path";

const api = new URL(process.env.API ?? "http://127.0.0.1:3000");
const port = Number(process.env.PORT ?? 5173);
const TYPES = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript" };

createServer(async (incoming, outgoing) => {
  const { pathname } = new URL(incoming.url, "http://localhost");
  if (pathname.startsWith("/api/")) return pass(incoming, outgoing);
  const name = pathname === "/" ? "index.html" : pathname.slice(1);
  const type = TYPES[extname(name)];
  const content = type && /^\w+\.\w+$/.test(name) && (await readFile(new URL(name, import.meta.url)).catch(() => null));
  if (!content) return outgoing.writeHead(404).end();
  outgoing.writeHead(200, { "Content-Type": `${type}; charset=utf-8`, "Cache-Control": "no-cache" }).end(content);
}).listen(port, "127.0.0.1", () => console.log(`http://localhost:${port}/`));

function pass(incoming, outgoing) {
  const { method, url, headers } = incoming;
  const options = { host: api.hostname, port: api.port, method, path: url.replace(/^\/api/, ""), headers };
  const call = request(options, (response) => {
    outgoing.writeHead(response.statusCode, response.headers);
    response.pipe(outgoing);
  });
  call.on("error", () => outgoing.writeHead(502).end());
  incoming.pipe(call);
}
