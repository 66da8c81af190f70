import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "./client.ts";
import type { Account, Mail, RunningApp, StartApp } from "./http-contract.ts";

interface RemoteOptions {
  /** Where the application is, and what its links start with. */
  url: string;
  /** Every test takes up to two of them, and leaves them with another password. */
  accounts: readonly Account[];
  /** Answers all mails so far as JSON, the newest first. Default: `/dev/mail` there. */
  inbox?: string | undefined;
  /**
   * The header by which the application is told its client's address, e.g. `X-Forwarded-For`. Given, every browser of
   * the tests has an address of its own, and the limits of the application are none of their business.
   */
  clientHeader?: string | undefined;
}

/** How long a mail that has to come may take. */
const MAIL_DEADLINE_MS = 10_000;
/** How long to wait for one that must not come: jobs start up to 500 ms after the answer. */
const SILENCE_MS = 750;

/** An application that runs already, known by its URL alone, for the contract suites. */
export function remoteApp({ url, accounts, inbox, clientHeader }: RemoteOptions): StartApp {
  const { origin, port, protocol } = new URL(url);
  const inboxUrl = inbox ?? `${origin}/dev/mail`;
  const all = new Set(accounts.map(({ email }) => email));
  const fresh = [...accounts];

  const start = async (): Promise<RunningApp> => {
    const taken: Account[] = [];
    const take = (index: number): Account => {
      const account = taken[index] ?? fresh.shift();
      if (!account) throw new Error(`${accounts.length} accounts are too few: add some.`);
      taken[index] = account;
      return account;
    };
    const before = new Set((await mailsIn(inboxUrl)).map((mail) => JSON.stringify(mail)));
    // The last mails of an earlier test may come during this one.
    const isOurs = (mail: Mail) =>
      taken.some((account) => account?.email === mail.to) ||
      (!all.has(mail.to) && !before.has(JSON.stringify(mail)));

    return {
      origin,
      port: Number(port || (protocol === "https:" ? 443 : 80)),
      // Taken when they are asked for: many tests need none.
      accounts: Object.defineProperties([] as unknown as [Account, Account], {
        0: { get: () => take(0) },
        1: { get: () => take(1) },
      }),
      client: () => new Client(origin, clientHeader ? { [clientHeader]: someAddress() } : {}),
      async mails(until) {
        const deadline = Date.now() + (until ? MAIL_DEADLINE_MS : SILENCE_MS);
        for (;;) {
          const mails = (await mailsIn(inboxUrl)).filter(isOurs);
          if (until?.(mails) || Date.now() >= deadline) return mails;
          await delay(25);
        }
      },
      async close() {},
    };
  };
  return Object.assign(start, { remote: true });
}

async function mailsIn(inboxUrl: string): Promise<readonly Mail[]> {
  const answer = await fetch(inboxUrl, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${inboxUrl} answers ${answer.status}, and no list of mails.`);
  return (await answer.json()) as Mail[];
}

/** One of a /15 for tests of networks (RFC 2544). */
const someAddress = () => ["198", 18 + (randomBytes(1)[0]! % 2), ...randomBytes(2)].join(".");

type Environment = Readonly<Record<string, string | undefined>>;

/** The application that the variables speak of; nothing where RELATCH_APP_URL is not set. */
export function appFromEnvironment(env: Environment): StartApp | undefined {
  const url = env["RELATCH_APP_URL"];
  if (!url) return undefined;
  const file = env["RELATCH_APP_ACCOUNTS"];
  if (!file) throw new Error("RELATCH_APP_ACCOUNTS has to name a JSON file of [{ email, password }].");
  return remoteApp({
    url,
    accounts: JSON.parse(readFileSync(file, "utf8")),
    inbox: env["RELATCH_APP_INBOX"] || undefined,
    clientHeader: env["RELATCH_APP_CLIENT_HEADER"] || undefined,
  });
}
