import { fileURLToPath } from "node:url";
import { Argon2id } from "oslo/password";
import { prepareDemo } from "../shared/demo.ts";
import { openDatabase } from "../shared/libsql.ts";
import { serveDemo } from "../shared/node-demo.ts";
import { createApp } from "./app.ts";

// npm run demo, or: npx tsx examples/express/server.ts

const demo = await prepareDemo({
  file: fileURLToPath(new URL("demo.sqlite", import.meta.url)),
  openDatabase,
  hasher: new Argon2id(),
});
const { app, passwordReset } = createApp(demo.appOptions);
serveDemo(demo, { command: "npm run demo", listener: app, passwordReset });
