import { hmac } from "@oslojs/crypto/hmac";
import { SHA256 } from "@oslojs/crypto/sha2";
import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { encodeBase64urlNoPadding } from "@oslojs/encoding";
import { byteLength, concatBytes, encodeParts, utf8 } from "../lib/bytes.ts";
import { canonicalEmail } from "../lib/email-address.ts";
import { isPublicAddress, parsePublicAddress } from "../lib/ip-address.ts";
import { readOwnField, readOwnFields } from "../lib/untrusted-input.ts";
import type { Job } from "../ports/contract.ts";
import type { Config } from "./options.ts";

/** The fields that every job starts with. */
export const createJob = (now: Date): { v: 2; id: string; at: number } => ({
  v: 2,
  id: crypto.randomUUID(),
  at: now.getTime(),
});

/** Reads the `correlationId` of a call: 1 to 256 printable ASCII characters. Everything else counts as left out. */
export function readCorrelationId(input: unknown): string | undefined {
  const id = readOwnField(input, "correlationId");
  return isCorrelationId(id) ? (id as string) : undefined;
}

/** Returns the fields of a job that tells the owner where a request came from, with `mentionRequest`. */
export const readMention = ({ mentionRequest }: Config, ip: unknown): { ip?: string } => {
  const address = mentionRequest ? parsePublicAddress(ip) : undefined;
  return address === undefined ? {} : { ip: address };
};

/** Returns the fields that every event about this job has. */
export const describeJob = ({ id: jobId, tenant, correlationId }: Job, userId?: string) => ({
  jobId,
  userId,
  tenant,
  correlationId,
});

/** Returns the job with its MAC, or as it is if there are no keys. */
export const signJob = <J extends Job>(job: J, [key]: readonly Uint8Array[]): J =>
  key ? { ...job, mac: encodeBase64urlNoPadding(computeMac(key, job)) } : job;

/** Returns the key that the MAC of a job was made with, or `undefined` if it was made with none of these. */
export const findSigningKey = (job: Job, keys: readonly Uint8Array[]): Uint8Array | undefined =>
  keys.find((key) => constantTimeEqual(utf8(encodeBase64urlNoPadding(computeMac(key, job))), utf8(job.mac ?? "")));

/** The type of a field, as it is written before its value. */
const TYPES: Partial<Record<string, Uint8Array>> = {
  string: utf8("s"),
  number: utf8("n"),
  boolean: utf8("b"),
};

const JOB_PREFIX = utf8("relatch/v2/job\0");

/** The MAC covers every field except itself, in the order of their names, with the type of each value. */
function computeMac(key: Uint8Array, job: Job): Uint8Array {
  const fields = Object.entries(job)
    .filter(([name, value]) => name !== "mac" && value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return hmac(
    SHA256,
    key,
    concatBytes(JOB_PREFIX, ...fields.map(([name, value]) => encodeParts(name, TYPES[typeof value], String(value)))),
  );
}

type Check = (value: unknown) => boolean;

const isText =
  (max: number): Check =>
  (value) =>
    typeof value === "string" && value !== "" && value.length <= max && value.isWellFormed();
const isOptional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

/** A number of milliseconds that a `Date` can hold. */
const isInstant: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= 8.64e15;

const isCorrelationId: Check = (value) => typeof value === "string" && value.length <= 256 && /^[ -~]+$/.test(value);
const isUserId: Check = (value) => isText(128)(value) && byteLength(String(value)) <= 128;

const COMMON: Record<string, Check> = {
  v: (value) => value === 2,
  id: isText(64),
  at: isInstant,
  locale: isText(64),
  tenant: isOptional(isText(256)),
  correlationId: isOptional(isCorrelationId),
  mac: isOptional(isText(64)),
};

const FIELDS: Record<Job["type"], Record<string, Check>> = {
  reset_requested: {
    ...COMMON,
    type: (value) => value === "reset_requested",
    email: (value) => value === canonicalEmail(value) && value !== undefined,
    ip: isOptional(isPublicAddress),
    ticketDigest: isOptional((value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value)),
    codeExpiresAt: isOptional(isInstant),
  },
  link_requested: {
    ...COMMON,
    type: (value) => value === "link_requested",
    userId: isUserId,
  },
  follow_up: {
    ...COMMON,
    type: (value) => value === "follow_up",
    userId: isUserId,
    // The address on file, as it is there.
    email: (value) => typeof value === "string",
    previousStamp: isText(64),
    stamp: isText(64),
    isCommitted: (value) => typeof value === "boolean",
    ip: isOptional(isPublicAddress),
  },
};

/** Reads a job that came out of a queue, which is not trusted. Returns `undefined` if it is malformed. */
export function parseJob(input: unknown): Job | undefined {
  const fields = readOwnFields(input);
  const type = fields["type"];
  const checks = typeof type === "string" && Object.hasOwn(FIELDS, type) ? FIELDS[type as Job["type"]] : undefined;
  if (!checks) return undefined;
  const isKnown = Object.keys(fields).every((name) => Object.hasOwn(checks, name));
  const isValid = Object.entries(checks).every(([name, check]) => check(fields[name]));
  return isKnown && isValid ? ({ ...fields } as unknown as Job) : undefined;
}
