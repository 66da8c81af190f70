import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import nodemailer from "nodemailer";
import { Argon2id } from "oslo/password";
import { combine } from "relatch/combine";
import { consoleMailer } from "relatch/console";
import { nodemailerMailer } from "relatch/nodemailer";
import { demoSettings } from "../shared/environment.ts";
import { createInbox } from "../shared/inbox.ts";
import { sampleUsers } from "../shared/sample-users.ts";
import { createApp } from "./app.ts";
import { openDatabase } from "./database.ts";

const { port, development, revealUnknown, mail, ...settings } = readSettings();
const databaseFile = settings.databaseFile ?? fileURLToPath(new URL("demo.sqlite", import.meta.url));
const origin = `http://localhost:${port}`;

const database = openDatabase(databaseFile);
const hasher = new Argon2id();
await database.seed(sampleUsers, hasher);

const inbox = createInbox();
const mailer = mail
  ? nodemailerMailer(nodemailer.createTransport(mail.transport), { from: mail.from })
  : inbox;
const { app, passwordReset } = createApp({
  origin,
  database,
  hasher,
  mailer: development ? combine(mailer, consoleMailer()) : mailer,
  inbox: mail ? undefined : inbox,
  revealUnknown,
  onEvent: development ? (event) => console.log(JSON.stringify(event)) : undefined,
});

// Loopback only: everybody knows the sample user's password.
const server = createServer(app).listen(port, "127.0.0.1", welcome);
server.on("error", (error: NodeJS.ErrnoException) => {
  const taken = error.code === "EADDRINUSE";
  giveUp(taken ? `Port ${port} is taken. Try: PORT=${port + 1} npm run demo` : error.message);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    server.close();
    server.closeIdleConnections();
    // Whoever was told that a link is on its way gets it before the process ends.
    await passwordReset.drain();
    database.close();
    process.exit(0);
  });
}

function readSettings() {
  try {
    process.loadEnvFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") giveUp("The file .env cannot be read.");
  }
  try {
    return demoSettings(process.env);
  } catch (error) {
    return giveUp((error as Error).message);
  }
}

function giveUp(reason: string): never {
  console.error(reason);
  process.exit(1);
}

async function welcome() {
  const [user] = sampleUsers;
  const account = await database.users.findByEmail(user.email);
  const unchanged = account?.passwordHash && (await hasher.verify(account.passwordHash, user.password));
  console.log(`
  ${origin}

  Sign in with   ${user.email}
  and password   ${unchanged ? user.password : `the one you set (delete ${databaseFile} to start afresh)`}

  To try         1. Sign in here, and in a private window too.
                 2. Sign out here, and follow "Forgot your password?".
                 3. Find the mail ${mail ? `in that mailbox: it goes out through ${mail.transport.host}` : `at ${origin}/dev/mail`}.
                 4. Open its link, set a new password, reload the private window.
`);
}
