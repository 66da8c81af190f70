import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "./client.ts";
import type { Account, Mail, RunningApp, StartApp } from "./http-contract.ts";

interface RemoteOptions {
  /** The origin of the application and of its links. */
  url: string;
  /** Every test takes up to two accounts and changes their passwords. */
  accounts: readonly Account[];
  /** A URL that returns all emails so far as JSON, the newest first. Default: `/dev/mail`. */
  inbox?: string | undefined;
  /**
   * The header from which the application takes the client's address, for example `X-Forwarded-For`. With it, every
   * browser of the tests has a different address, so the limits do not stop the tests.
   */
  clientHeader?: string | undefined;
}

/** How long an expected email may take. */
const MAIL_DEADLINE_MS = 10_000;
/** How long to wait for an email that must not arrive. Jobs start up to 500 ms after the response. */
const SILENCE_MS = 750;

/** Wraps a running application, known only by its URL, for the contract suites. */
export function remoteApp({ url, accounts, inbox, clientHeader }: RemoteOptions): StartApp {
  const { origin, port, protocol } = new URL(url);
  const inboxUrl = inbox ?? `${origin}/dev/mail`;
  const all = new Set(accounts.map(({ email }) => email));
  const fresh = [...accounts];

  const start = async (): Promise<RunningApp> => {
    const taken: Account[] = [];
    const take = (index: number): Account => {
      const account = taken[index] ?? fresh.shift();
      if (!account) throw new Error(`${accounts.length} accounts are not enough. Add some.`);
      taken[index] = account;
      return account;
    };
    const before = new Set((await mailsIn(inboxUrl)).map((mail) => JSON.stringify(mail)));
    // The last emails of an earlier test may arrive during this one.
    const isOurs = (mail: Mail) =>
      taken.some((account) => account?.email === mail.to) || (!all.has(mail.to) && !before.has(JSON.stringify(mail)));

    return {
      origin,
      port: Number(port || (protocol === "https:" ? 443 : 80)),
      // Taken on demand, because many tests need none.
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
  const response = await fetch(inboxUrl, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${inboxUrl} returned ${response.status} instead of a list.`);
  return (await response.json()) as Mail[];
}

/** Returns an address of the network for benchmarks (RFC 2544). */
const someAddress = () => ["198", 18 + (randomBytes(1)[0]! % 2), ...randomBytes(2)].join(".");

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the application of the variables, or undefined without RELATCH_APP_URL. */
export function appFromEnvironment(env: Environment): StartApp | undefined {
  const url = env["RELATCH_APP_URL"];
  if (!url) return undefined;
  const file = env["RELATCH_APP_ACCOUNTS"];
  if (!file) throw new Error("RELATCH_APP_ACCOUNTS must name a JSON file of [{ email, password }].");
  return remoteApp({
    url,
    accounts: JSON.parse(readFileSync(file, "utf8")),
    inbox: env["RELATCH_APP_INBOX"] || undefined,
    clientHeader: env["RELATCH_APP_CLIENT_HEADER"] || undefined,
  });
}
