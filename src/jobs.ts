import { byteLength } from "./bytes.ts";
import { canonicalEmail } from "./email-address.ts";
import { ownField } from "./fields.ts";

interface JobBase {
  /** The format. A worker drops what it does not know. */
  v: 1;
  /** A random UUID. A worker that gets the same id twice mails once. */
  id: string;
  /** When it was handed over, in milliseconds since the epoch. */
  at: number;
  locale?: string | undefined;
}

/** "Somebody asked for a link for this address." Whether an account has it, nobody knows yet. */
export interface ResetRequestedJob extends JobBase {
  type: "reset_requested";
  /** Canonical form. */
  email: string;
  tenant?: string | undefined;
}

/** "A new password is about to be set." The worker acts only when it finds that it was. */
export interface PasswordChangedJob extends JobBase {
  type: "password_changed";
  userId: string;
  /** `sessionStamp` of the account before and after the commit. */
  previousStamp: string;
  stamp: string;
}

/** Work for after the answer. Plain JSON, and no secret in it: the token is made by whoever delivers it. */
export type Job = ResetRequestedJob | PasswordChangedJob;

/** What both kinds of job have. Spread it last: V8 makes an object that starts with a spread forty times slower. */
export const newJob = (now: Date): { v: 1; id: string; at: number } => ({
  v: 1,
  id: crypto.randomUUID(),
  at: now.getTime(),
});

/** Reads a job that went through a queue, which is not trusted. Only own properties of plain types count. */
export function parseJob(input: unknown): Job | undefined {
  const field = (name: string) => ownField(input, name);
  const [id, at, locale, tenant] = [field("id"), field("at"), field("locale"), field("tenant")];
  if (field("v") !== 1 || !isText(id, 64) || !isInstant(at)) return undefined;
  if (!isOptionalText(locale, 64) || !isOptionalText(tenant, 256)) return undefined;
  const base = { v: 1, id, at, locale } as const;

  if (field("type") === "reset_requested") {
    const email = canonicalEmail(field("email"));
    return email === undefined ? undefined : { type: "reset_requested", email, tenant, ...base };
  }
  if (field("type") === "password_changed") {
    const [userId, previousStamp, stamp] = [field("userId"), field("previousStamp"), field("stamp")];
    if (!isText(userId, 128) || byteLength(userId) > 128) return undefined;
    if (!isText(previousStamp, 64) || !isText(stamp, 64)) return undefined;
    return { type: "password_changed", userId, previousStamp, stamp, ...base };
  }
  return undefined;
}

const isText = (value: unknown, max: number): value is string =>
  typeof value === "string" && value !== "" && value.length <= max && value.isWellFormed();

/** Milliseconds that a `Date` can hold. */
const isInstant = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 8.64e15;

const isOptionalText = (value: unknown, max: number): value is string | undefined =>
  value === undefined || isText(value, max);
