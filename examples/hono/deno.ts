import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { fileDatabase } from "../shared/database.ts";
import { prepareDemo } from "../shared/demo.ts";
import { createApp } from "./app.ts";
import { scryptHasher } from "./scrypt.ts";

// On Deno, which loads relatch from dist/:
// npm run build && deno run --allow-net --allow-read --allow-write --allow-env examples/hono/deno.ts

const demo = await prepareDemo({
  file: fileURLToPath(new URL("demo-deno.sqlite", import.meta.url)),
  openDatabase: (file) => fileDatabase(new DatabaseSync(file)),
  hasher: scryptHasher(),
});
const { app, passwordReset } = createApp({
  ...demo.appOptions,
  clientIp: (c) => c.env.remoteAddr.hostname,
});

const { port, hostname, welcome } = demo;
const server = demo.start(() =>
  Deno.serve({ port, hostname, onListen: welcome }, (request, info) => app.fetch(request, info)),
);
demo.endWith(() => server.shutdown(), passwordReset);

/** The part of Deno's types that is used here. Deno has its own. */
declare const Deno: {
  serve(
    options: { port: number; hostname: string; onListen(): void },
    handler: (request: Request, info: { remoteAddr: { hostname: string } }) => Response | Promise<Response>,
  ): { shutdown(): Promise<void> };
};
