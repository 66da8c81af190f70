import process from "node:process";
import nodemailer from "nodemailer";
import type { PasswordReset } from "relatch";
import { combine } from "relatch/combine";
import { consoleMailer } from "relatch/console";
import { nodemailerMailer } from "relatch/nodemailer";
import type { fileDatabase } from "./database.ts";
import { demoSettings } from "./environment.ts";
import { createInbox } from "./inbox.ts";
import { sampleUsers } from "./sample-users.ts";
import type { LoginHasher } from "./sign-in.ts";

interface DemoOptions {
  /** Where the accounts are kept, unless `DATABASE_FILE` says otherwise. */
  file: string;
  openDatabase(file: string): ReturnType<typeof fileDatabase>;
  hasher: LoginHasher;
}

/**
 * What the demos have in common, on Node, Bun and Deno: their settings, their options for `createApp`, and what they
 * say. Ends the process, with one line, where the settings make no sense.
 */
export async function prepareDemo({ file, openDatabase, hasher }: DemoOptions) {
  const { port, development, revealUnknown, mail, databaseFile = file } = readSettings();
  const origin = `http://localhost:${port}`;
  const database = openDatabase(databaseFile);
  await database.seed(sampleUsers, hasher);

  const inbox = createInbox();
  const mailer = mail
    ? nodemailerMailer(nodemailer.createTransport(mail.transport), { from: mail.from })
    : inbox;

  return {
    port,
    /** Loopback only: everybody knows the sample user's password. */
    hostname: "127.0.0.1",

    /** For `createApp`. */
    appOptions: {
      origin,
      database,
      hasher,
      mailer: development ? combine(mailer, consoleMailer()) : mailer,
      inbox: mail ? undefined : inbox,
      revealUnknown,
      onEvent: development ? (event: object) => console.log(JSON.stringify(event)) : undefined,
    },

    /** Says what there is to see. */
    async welcome(): Promise<void> {
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
    },

    /** Starts a server, or ends with one line that says why it does not start. */
    start<Server>(listen: () => Server): Server {
      try {
        return listen();
      } catch (error) {
        return giveUp((error as Error).message);
      }
    },

    /** Ends the process in peace when it is told to. `close` stops taking requests. */
    endWith(close: () => unknown, { drain }: PasswordReset): void {
      for (const signal of ["SIGINT", "SIGTERM"] as const) {
        process.once(signal, async () => {
          close();
          // Whoever was told that a link is on its way gets it before the process ends.
          await drain();
          database.close();
          process.exit(0);
        });
      }
    },
  };
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

export function giveUp(reason: string): never {
  console.error(reason);
  process.exit(1);
}
