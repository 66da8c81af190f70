import Database from "libsql";
import { createTransport } from "nodemailer";
import { Argon2id } from "oslo/password";
import { createPasswordReset, TimeSpan } from "relatch";
import { nodemailerMailer } from "relatch/nodemailer";
import { sqliteTokens } from "relatch/sqlite";
import { lockAccounts, sendLinks } from "./forced-reset.ts";
import { libsqlCampaign, startCampaign } from "./forced-reset-libsql.ts";
import { mustResetUsers } from "./must-reset.ts";

// Locks all accounts, then emails their owners. Stop it with SIGTERM or Ctrl-C, and start it again at any time.
//   DATABASE_FILE=… MAIL_URL=smtp://… APP_URL=https://… PER_MINUTE=60 npx tsx accounts/forced-reset-run.ts

const {
  DATABASE_FILE = "app.db",
  MAIL_URL = "smtp://127.0.0.1:25",
  APP_URL = "http://localhost:8000",
  PER_MINUTE = "60",
  TAKE_OVER_MS = "600000",
} = process.env;

const db = new Database(DATABASE_FILE);
db.pragma("journal_mode = WAL");
db.pragma("busy_timeout = 5000");
const hasher = new Argon2id();

const passwordReset = createPasswordReset({
  users: mustResetUsers(db),
  tokens: sqliteTokens(db),
  mailer: nodemailerMailer(createTransport(MAIL_URL)),
  hasher,
  appName: "Acme",
  from: "Acme <noreply@example.com>",
  resetUrl: `${APP_URL}/password_reset/:token`,
  revokeSessions: false, // this process completes no reset
  // Nobody asked for this email, so it waits longer to be read, and says why it comes.
  tokenLifetime: new TimeSpan(24, "h"),
  messages: {
    resetLink: ({ appName, url, validFor }) => ({
      subject: `Your ${appName} password must be replaced`,
      text: `Someone gained access to our database, so your old password no longer works at ${appName}.
Set a new one here. The link works once, for ${validFor}. Afterwards, choose "Forgot password?" on our sign-in page.

${url}

If you use the old password elsewhere, change it there too.`,
    }),
  },
  onEvent: (event) => console.log(JSON.stringify(event)),
});

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());

startCampaign(db);
const campaign = libsqlCampaign(db);
await lockAccounts({ campaign, hasher });
console.log("ready", JSON.stringify(await campaign.count()));
const end = await sendLinks({
  campaign,
  passwordReset,
  perMinute: Number(PER_MINUTE),
  takeOverMs: Number(TAKE_OVER_MS),
  signal: stop.signal,
  // Ids, and never addresses, because the output of a script ends up in tickets.
  onOutcome: (userId, outcome) => outcome === "handed_over" || console.warn(userId, outcome),
});
console.log(end, JSON.stringify(await campaign.count()));
process.exitCode = end === "mail_fails" ? 1 : 0;
db.close();
