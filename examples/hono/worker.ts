import { env, waitUntil } from "cloudflare:workers";
import { background } from "relatch";
import { fetchMailer, resend } from "relatch/fetch";
import { isLoopback } from "../shared/inbox.ts";
import { sampleUsers } from "../shared/sample-users.ts";
import { createApp } from "./app.ts";
import { d1Database } from "./d1.ts";
import { scryptHasher } from "./scrypt.ts";

// On Cloudflare Workers, for development: npx wrangler dev --config examples/hono/wrangler.jsonc
// Bundled, it runs everywhere workerd does, with the flag nodejs_compat, D1 as DB, and the variables below:
// npx esbuild examples/hono/worker.ts --bundle --format=esm --main-fields=module,main --external:cloudflare:* \
//   --external:node:* --outfile=worker.js

const { ORIGIN, RESEND_KEY, MAIL_FROM } = env;
// `wrangler dev` reads it from .dev.vars, which is never deployed.
const isDevelopment = env.DEVELOPMENT === "true";
if (isDevelopment ? !isLoopback(`${ORIGIN}`) : !ORIGIN?.startsWith("https:") || !RESEND_KEY || !MAIL_FROM) {
  throw new Error("Set ORIGIN (https), RESEND_KEY and MAIL_FROM, or DEVELOPMENT=true and an ORIGIN on localhost.");
}

const { database, rateLimiter, inbox, createTables, purge } = d1Database(env.DB);
const hasher = scryptHasher();

const { app } = createApp({
  origin: `${ORIGIN}`,
  database,
  hasher,
  mailer: isDevelopment ? inbox : fetchMailer(resend({ apiKey: `${RESEND_KEY}` })),
  from: isDevelopment ? undefined : MAIL_FROM,
  inbox: isDevelopment ? inbox : undefined,
  // An isolate knows only its own requests, and Cloudflare starts as many as it likes. So the counts are in D1.
  limits: { rateLimiter },
  // The email is sent after the response.
  dispatcher: background({ waitUntil }),
  // Set by Cloudflare itself, whatever the client sends.
  clientIp: (c) => c.req.header("CF-Connecting-IP"),
  onEvent: (event) => {
    console.log(JSON.stringify(event));
    if (isDevelopment) waitUntil(inbox.observe(event));
  },
});

let isReady = false;

export default {
  async fetch(request: Request): Promise<Response> {
    // Anyone who reads the inbox can use its links, and everybody knows the sample user's password.
    if (isDevelopment && !isLoopback(request.url)) return new Response("This is not for the public.", { status: 503 });
    if (!isReady) {
      await createTables();
      if (isDevelopment) await database.seed(sampleUsers, hasher);
      isReady = true;
    }
    return app.fetch(request);
  },

  scheduled: purge,
};
