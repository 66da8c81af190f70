import { env, waitUntil } from "cloudflare:workers";
import { background } from "relatch";
import { sampleUsers } from "../shared/sample-users.ts";
import { createApp } from "./app.ts";
import { d1Database } from "./d1.ts";
import { scryptHasher } from "./scrypt.ts";

// On Cloudflare Workers: npx wrangler dev --config examples/hono/wrangler.jsonc
// Bundled, it runs wherever workerd does, with the flag nodejs_compat, D1 as DB, and ORIGIN, where people reach it:
// npx esbuild examples/hono/worker.ts --bundle --format=esm --main-fields=module,main --external:cloudflare:* \
//   --external:node:* --outfile=worker.js

const { database, rateLimiter, inbox, createTables, purge } = d1Database(env.DB);
const hasher = scryptHasher();
// Who reads the inbox can use the links in it, and everybody knows the sample user's password: not on the internet.
const atHome = new URL(env.ORIGIN).hostname === "localhost";

const { app } = createApp({
  origin: env.ORIGIN,
  database,
  hasher,
  // Nothing leaves the Worker: give it a mailer that posts to your mail provider.
  mailer: inbox,
  inbox: atHome ? inbox : undefined,
  // An isolate knows only its own requests, and Cloudflare starts as many as it likes: the counts are in D1.
  limits: { rateLimiter },
  // The mail goes out after the answer.
  dispatcher: background({ waitUntil }),
  // Set by Cloudflare itself, whatever the client sends.
  clientIp: (c) => c.req.header("CF-Connecting-IP"),
  onEvent: (event) => console.log(JSON.stringify(event)),
});

let isReady = false;

export default {
  async fetch(request: Request): Promise<Response> {
    if (!isReady) {
      await createTables();
      if (atHome) await database.seed(sampleUsers, hasher);
      isReady = true;
    }
    return app.fetch(request);
  },

  scheduled: purge,
};
