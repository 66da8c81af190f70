import { fileURLToPath } from "node:url";
import { Argon2id } from "oslo/password";
import { prepareDemo } from "../shared/demo.ts";
import { openDatabase } from "../shared/libsql.ts";
import { serveDemo } from "../shared/node-demo.ts";
import { createApp } from "./app.ts";
import { nodeClientIp, nodeListener } from "./node.ts";

// On Node: npm run demo:hono, or: npx tsx examples/hono/server.ts

const demo = await prepareDemo({
  file: fileURLToPath(new URL("demo.sqlite", import.meta.url)),
  openDatabase,
  hasher: new Argon2id(),
});
const { app, passwordReset } = createApp({ ...demo.appOptions, clientIp: nodeClientIp });
serveDemo(demo, { command: "npm run demo:hono", listener: nodeListener(app), passwordReset });
