import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import nodemailer from "nodemailer";
import { Argon2id } from "oslo/password";
import type { ResetEvent } from "relatch";
import { combine } from "relatch/combine";
import { consoleMailer } from "relatch/console";
import { nodemailerMailer } from "relatch/nodemailer";
import { createInbox } from "../shared/inbox.ts";
import { flag, mailSettings } from "../shared/mail-settings.ts";
import { sampleUsers } from "../shared/sample-users.ts";
import { createApp } from "./app.ts";
import { openDatabase } from "./database.ts";

try {
  process.loadEnvFile();
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}
const { env } = process;
const development = env["NODE_ENV"] !== "production";
const port = Number(env["PORT"] || 8000);
const origin = `http://localhost:${port}`;

const database = openDatabase(env["DATABASE_FILE"] || fileURLToPath(new URL("demo.sqlite", import.meta.url)));
const hasher = new Argon2id();
await database.seed(sampleUsers, hasher);

const settings = mailSettings(env);
const inbox = createInbox();
const mailer = settings
  ? nodemailerMailer(nodemailer.createTransport(settings.transport), { from: settings.from })
  : inbox;
const { app, passwordReset } = createApp({
  origin,
  database,
  hasher,
  mailer: development ? combine(mailer, consoleMailer()) : mailer,
  inbox: settings ? undefined : inbox,
  revealUnknown: flag(env, "DEMO_REVEAL_UNKNOWN", false),
  ...(development && { onEvent: (event: ResetEvent) => console.log(JSON.stringify(event)) }),
});

// Loopback only: this is a demo with a password that everybody knows.
const server = createServer(app).listen(port, "127.0.0.1", welcome);
server.on("error", (error: NodeJS.ErrnoException) => {
  const taken = error.code === "EADDRINUSE";
  console.error(taken ? `Port ${port} is taken. Try PORT=${port + 1} npm run demo` : error.message);
  process.exit(1);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    server.close();
    server.closeIdleConnections();
    await passwordReset.drain(); // A link that was promised is sent before the process goes.
    database.close();
    process.exit(0);
  });
}

async function welcome() {
  const [user] = sampleUsers;
  const account = await database.users.findByEmail(user.email);
  const unchanged = account?.passwordHash && (await hasher.verify(account.passwordHash, user.password));
  console.log(`
  ${origin}

  Sign in with   ${user.email}
  and password   ${unchanged ? user.password : "the one you set (delete demo.sqlite to start afresh)"}

  To try         1. Sign in here, and in a private window too.
                 2. Sign out here and follow "Forgot your password?".
                 3. ${settings ? `The mail goes out through ${settings.transport.host}.` : `The mail is at ${origin}/dev/mail, and below.`}
                 4. Open its link, set a new password, reload the private window.
`);
}
