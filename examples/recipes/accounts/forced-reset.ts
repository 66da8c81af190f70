import { randomBytes } from "node:crypto";
import { setTimeout as pauseFor } from "node:timers/promises";
import type { PasswordHasher, PasswordReset, SendLinkResult } from "relatch";

// A forced reset of many accounts, after a breach. First all of them are locked, as fast as the database can. Then each
// owner gets a link, at a bounded rate. Both steps can be stopped, or crash, and be started again.

/**
 * The result for one account. `handed_over`: the email was sent, or its job is in the queue. `not_needed`: the owner has
 * set a new password already, or the account is gone. `mailbox_refused`: the mail server refused for good. `gave_up`: no
 * attempt succeeded, so the next start attempts it again. Otherwise the reason of `sendLink`.
 */
export type Outcome =
  | "handed_over"
  | "not_needed"
  | "mailbox_refused"
  | "gave_up"
  | Extract<SendLinkResult, { ok: false }>["reason"];

/** The list of accounts, in a database. It decides once who is on it, so accounts that are created later are not. */
export interface Campaign {
  /** Returns the ids of accounts that are not locked yet, `max` of them at most. */
  findUnlocked(max: number): Promise<string[]>;
  /** In one transaction: replaces the password hash, and ends sessions, API keys, and everything else that is open. */
  lock(userIds: string[], unusableHash: string): Promise<unknown>;

  /** Opens the accounts with the outcome `gave_up` again. */
  reopen(): Promise<unknown>;
  /**
   * Claims an open account for this run, in one statement, so that no other run gets it. A claim made before `staleBefore`
   * is of a run that died, and counts as none. Accounts with the fewest claims come first, so that mailboxes which always
   * fail hold up nobody. `isLocked`: the account still has the hash that `lock` set.
   */
  claim(now: Date, staleBefore: Date): Promise<{ userId: string; isLocked: boolean } | undefined>;
  record(userId: string, outcome: Outcome): Promise<unknown>;
  /** How many accounts have each outcome. `open`: none yet. */
  count(): Promise<{ open: number } & { [Each in Outcome]?: number }>;
}

const BATCH = 500;

interface LockOptions {
  campaign: Pick<Campaign, "findUnlocked" | "lock">;
  hasher: PasswordHasher;
  /**
   * `passwordReset.revokeTokens`. The new hash invalidates every link of relatch by itself, so only `legacyTokens` need
   * this. It belongs here and not before each email: by then an owner may have asked for a link, which must keep working.
   */
  revokeTokens?: PasswordReset["revokeTokens"] | undefined;
}

/**
 * Locks all accounts: no password opens them. Their hash becomes that of a random password that nobody knows. It is a real
 * hash, because many hashers throw on "!" or "locked", and null would turn the link into an invitation.
 */
export async function lockAccounts({ campaign, hasher, revokeTokens }: LockOptions): Promise<void> {
  const unusableHash = await hasher.hash(randomBytes(32).toString("base64url"));
  for (;;) {
    const userIds = await campaign.findUnlocked(BATCH);
    if (userIds.length === 0) return;
    // Before the lock, so that a crash in between does both again.
    for (const userId of userIds) await revokeTokens?.(userId);
    await campaign.lock(userIds, unusableHash);
  }
}

/** The time, and a pause that ends early if the signal is aborted. */
export interface Clock {
  now(): number;
  pause(milliseconds: number, signal: AbortSignal | undefined): Promise<unknown>;
}

const systemClock: Clock = {
  now: Date.now,
  pause: (milliseconds, signal) => pauseFor(milliseconds, undefined, { signal }).catch(() => {}),
};

/** How many failures in a row mean that the mail server is down, and not a single mailbox. */
const MAX_FAILURES = 3;

interface SendOptions {
  campaign: Omit<Campaign, "lock">;
  /** One that nobody else uses, because it is drained after each account. */
  passwordReset: Pick<PasswordReset, "sendLink" | "drain">;
  /** How many links are sent in a minute, at even intervals. */
  perMinute: number;
  /** After this time a claim is of a run that died: longer than the attempts of one email. Default: ten minutes. */
  takeOverMs?: number | undefined;
  /** Stops after the account that it is at. */
  signal?: AbortSignal | undefined;
  onOutcome?: ((userId: string, outcome: Outcome) => void) | undefined;
  clock?: Clock | undefined;
}

/**
 * Sends a link to every account on the list that is still locked. Returns `done`, `stopped`, or `mail_fails` if the mail
 * server is down. After each of them, and after a crash, it can be started again: an account that has an outcome gets no
 * second email. One that was in progress when the process was killed gets an email from the next run; if the mail server
 * had accepted the first one just then, it gets two, and both links work.
 */
export async function sendLinks({
  campaign,
  passwordReset,
  perMinute,
  takeOverMs = 10 * 60_000,
  signal,
  onOutcome,
  clock = systemClock,
}: SendOptions): Promise<"done" | "stopped" | "mail_fails"> {
  if (!(perMinute > 0)) throw new Error(`perMinute must be a positive number, received ${perMinute}. Example: 60.`);
  if ((await campaign.findUnlocked(1)).length > 0)
    throw new Error("All accounts must be locked first: lockAccounts().");
  const interval = Math.ceil(60_000 / perMinute);
  let nextAt = clock.now();
  let failures = 0;
  await campaign.reopen();
  for (;;) {
    // Paused before the claim, so that a stop leaves nothing claimed. A slow email is not caught up with.
    await clock.pause(Math.min(Math.max(nextAt - clock.now(), 0), interval), signal);
    if (signal?.aborted) return "stopped";
    const startedAt = clock.now();
    const account = await campaign.claim(new Date(startedAt), new Date(startedAt - takeOverMs));
    if (!account) {
      if ((await campaign.count()).open === 0) return "done";
      // Claimed by a run that is working on it, or that died with it.
      await clock.pause(takeOverMs / 10, signal);
      continue;
    }
    const { userId, isLocked } = account;
    const outcome = isLocked ? await sendOne(passwordReset, userId) : "not_needed";
    await campaign.record(userId, outcome);
    onOutcome?.(userId, outcome);
    if (isLocked) nextAt = startedAt + interval;
    failures = outcome === "gave_up" ? failures + 1 : 0;
    if (failures === MAX_FAILURES) return "mail_fails";
  }
}

/** Without a queue, waits until the email is sent, because jobs in memory die with the process. */
async function sendOne(
  { sendLink, drain }: Pick<PasswordReset, "sendLink" | "drain">,
  userId: string,
): Promise<Outcome> {
  const result = await sendLink({ userId, correlationId: "forced-reset" });
  if (!result.ok) return result.reason;
  const { undelivered } = await drain();
  const failed = undelivered.find(({ type }) => type === "link_requested");
  if (!failed) return "handed_over";
  return failed.reason === "refused" ? "mailbox_refused" : "gave_up";
}
