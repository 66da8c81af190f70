// Serves a bundled Worker with a D1 database until it is told to end. Miniflare needs Node 22.
import { readFileSync } from "node:fs";
import { Miniflare } from "miniflare";

const [bundle, statement] = process.argv.slice(2);
const port = Number(process.env.PORT);
const origin = `http://localhost:${port}`;
const miniflare = new Miniflare({
  host: "127.0.0.1",
  port,
  modules: [{ type: "ESModule", path: "worker.js", contents: readFileSync(bundle, "utf8") }],
  compatibilityDate: "2026-07-01",
  compatibilityFlags: ["nodejs_compat"],
  d1Databases: ["DB"],
  bindings: { ORIGIN: origin, DEVELOPMENT: "true" },
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => miniflare.dispose());

await miniflare.ready;
// With its first request the Worker makes its tables.
const response = await fetch(`http://127.0.0.1:${port}/login`);
if (!response.ok) throw new Error(`/login responded ${response.status}: ${await response.text()}`);
const database = await miniflare.getD1Database("DB");
await database.prepare(statement).run();
console.log(origin);
