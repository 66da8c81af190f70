import process from "node:process";
import nodemailer from "nodemailer";
import type { PasswordReset, ResetEvent } from "relatch";
import { combine } from "relatch/combine";
import { consoleMailer } from "relatch/console";
import { nodemailerMailer } from "relatch/nodemailer";
import type { fileDatabase } from "./database.ts";
import { demoSettings } from "./environment.ts";
import { createInbox } from "./inbox.ts";
import { sampleUsers } from "./sample-users.ts";
import { createDemoSecondFactor } from "./second-factor.ts";
import type { LoginHasher } from "./sign-in.ts";

interface DemoOptions {
  /** The file with the accounts, unless `DATABASE_FILE` names another. */
  file: string;
  openDatabase(file: string): ReturnType<typeof fileDatabase>;
  hasher: LoginHasher;
}

/**
 * Prepares a demo on Node, Bun or Deno: its settings, its options for `createApp`, and the words on the terminal. Ends the
 * process with one line if the settings are invalid.
 */
export async function prepareDemo({ file, openDatabase, hasher }: DemoOptions) {
  const { port, development, revealUnknown, codes, mail, databaseFile = file, ...settings } = readSettings();
  const origin = `http://localhost:${port}`;
  const database = openDatabase(databaseFile);
  await database.seed(sampleUsers, hasher);

  const secondFactor = settings.secondFactor ? createDemoSecondFactor() : undefined;
  const inbox = createInbox();
  const mailer = mail ? nodemailerMailer(nodemailer.createTransport(mail.transport)) : inbox;

  return {
    port,
    /** Loopback only, because everybody knows the sample user's password. */
    hostname: "127.0.0.1",

    /** Options of `createApp`. */
    appOptions: {
      origin,
      database,
      hasher,
      from: mail?.from,
      mailer: development ? combine(mailer, consoleMailer()) : mailer,
      inbox: mail ? undefined : inbox,
      revealUnknown,
      // In memory, so a restart invalidates every link. An application keeps its keys.
      codeKeys: codes ? [crypto.getRandomValues(new Uint8Array(32))] : undefined,
      secondFactor: secondFactor?.port,
      async onEvent(event: ResetEvent) {
        inbox.observe(event);
        if (development) console.log(JSON.stringify(event));
        if (event.type === "token_verified" && secondFactor) {
          console.log(`The authenticator app shows ${await secondFactor.currentCode()}.`);
        }
      },
    },

    /** Prints how to try the demo. */
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
                 3. Find the email ${mail ? `in that mailbox. It goes out through ${mail.transport.host}` : `at ${origin}/dev/mail`}.
                 4. ${codes ? "Type its code" : "Open its link"}, set a new password, reload the private window.
${secondFactor ? `\n  Second factor  Add ${secondFactor.secret} to an authenticator app, or read its codes here.\n` : ""}`);
    },

    /** Starts a server, or ends the process with one line that says why it cannot start. */
    start<Server>(listen: () => Server): Server {
      try {
        return listen();
      } catch (error) {
        return giveUp((error as Error).message);
      }
    },

    /** Ends the process on a signal, after everything in flight. `close` stops taking requests. */
    endWith(close: () => unknown, { drain }: PasswordReset): void {
      for (const signal of ["SIGINT", "SIGTERM"] as const) {
        process.once(signal, async () => {
          close();
          // Everyone who was told that a link is on its way gets it before the process ends.
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
