import { Database } from "bun:sqlite";
import { fileURLToPath } from "node:url";
import { password as bunPassword, serve } from "bun";
import { fileDatabase } from "../shared/database.ts";
import { prepareDemo } from "../shared/demo.ts";
import { createApp } from "./app.ts";

// On Bun: bun examples/hono/bun.ts

const demo = await prepareDemo({
  file: fileURLToPath(new URL("demo-bun.sqlite", import.meta.url)),
  openDatabase: (file) => fileDatabase(new Database(file)),
  hasher: {
    hash: (password) => bunPassword.hash(password),
    verify: (hash, password) => bunPassword.verify(password, hash),
  },
});
const { app, passwordReset } = createApp({
  ...demo.appOptions,
  clientIp: (c) => server.requestIP(c.req.raw)?.address,
});

const { port, hostname } = demo;
const server = demo.start(() => serve({ port, hostname, fetch: (request) => app.fetch(withHost(request)) }));
demo.endWith(() => server.stop(), passwordReset);
await demo.welcome();

/** If the Host header is unusable, Bun leaves only a path in the URL, and Hono would look for it in the wrong place. */
const withHost = (request: Request): Request =>
  URL.canParse(request.url) ? request : new Request(new URL(request.url, "http://invalid"), request);
