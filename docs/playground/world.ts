import {
  background,
  createPasswordReset,
  type MailContext,
  type MailMessage,
  memoryRateLimiter,
  type PasswordReset,
  type ResetEvent,
  type TokenRecord,
} from "relatch";
import { memoryHasher, memoryTokens, memoryUsers } from "relatch/memory";
import { type Accounts, createAccounts } from "./accounts.ts";
import { type Clock, createClock } from "./clock.ts";
import { type WatchedDispatcher, watchedDispatcher } from "./jobs.ts";
import { watchedTokens } from "./tokens.ts";

/** The base of the links in emails. The token comes last. */
export const LINK_BASE = "https://app.example.com/password_reset/";

/** Milliseconds that the mail server takes, so that a running job can be seen. */
const MAIL_TIME = 700;

export type DeliveredMail = Readonly<MailMessage & MailContext & { at: Date }>;

/** An application with its users, its mail server and a password reset, all of it in this page. */
export interface World {
  readonly passwordReset: PasswordReset;
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly dispatcher: WatchedDispatcher;
  /** The newest first. */
  readonly mails: readonly DeliveredMail[];
  /** The newest first. */
  readonly events: readonly ResetEvent[];
  tokens(): readonly TokenRecord[];
  /** Deletes the expired records, as an application does now and then. */
  purge(): Promise<unknown>;
}

/** `onChange` is called whenever there is something new to see. */
export async function createWorld(onChange: () => void, mailTime = MAIL_TIME): Promise<World> {
  const clock = createClock();
  const users = memoryUsers();
  const hasher = memoryHasher();
  const tokens = watchedTokens(memoryTokens(), onChange);
  const dispatcher = watchedDispatcher(background(), onChange);
  const accounts = await createAccounts(users, hasher, onChange);
  const mails: DeliveredMail[] = [];
  const events: ResetEvent[] = [];

  const passwordReset = createPasswordReset({
    users,
    tokens,
    hasher,
    mailer: {
      async send(message, about) {
        await new Promise((resolve) => setTimeout(resolve, mailTime));
        mails.unshift({ ...message, ...about, at: clock.now() });
        onChange();
      },
    },
    appName: "Acme",
    resetUrl: `${LINK_BASE}:token`,
    revokeSessions: accounts.endSessions,
    dispatcher,
    limits: { rateLimiter: memoryRateLimiter({ now: () => clock.now().getTime() }) },
    now: clock.now,
    onEvent(event) {
      events.unshift(event);
      onChange();
    },
  });

  const purge = () => tokens.deleteExpired(clock.now());
  return { passwordReset, accounts, clock, dispatcher, mails, events, tokens: tokens.records, purge };
}

/** Returns the token in the link of an email, if it contains one. */
export const tokenIn = ({ text }: { text: string }): string | undefined =>
  text
    .split("\n")
    .find((line) => line.startsWith(LINK_BASE))
    ?.slice(LINK_BASE.length);
