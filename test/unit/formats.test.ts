import { createHash, createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { linkIdempotencyKey, noticeIdempotencyKey } from "../../src/core/email.ts";
import { signJob } from "../../src/core/jobs.ts";
import { sessionStamp } from "../../src/core/session-stamp.ts";
import { addressKey, clientKeys, codeRequestKey, factorKeys, ticketKeys } from "../../src/limiters/keys.ts";
import { deriveLink } from "../../src/links/code.ts";
import { signedLinks } from "../../src/links/signed.ts";
import { computeFingerprint, hashToken, sealFingerprint } from "../../src/links/stored.ts";
import { createTicket, readTicket } from "../../src/links/ticket.ts";
import type { Account } from "../../src/ports/account.ts";
import type { FollowUpJob, ResetRequestedJob } from "../../src/ports/contract.ts";

// Every format, computed a second time with node:crypto from its definition. A change of one byte invalidates links,
// sessions or jobs that are out, so it must be seen here.

const utf8 = (text: string) => Buffer.from(text, "utf8");
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const u48 = (value: number) => {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  return bytes;
};
const lp = (text: string) => Buffer.concat([u32(utf8(text).length), utf8(text)]);
const sha256 = (...parts: Buffer[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
const hmac = (key: Uint8Array, ...parts: Buffer[]) => createHmac("sha256", key).update(Buffer.concat(parts)).digest();

const raw = Uint8Array.from({ length: 32 }, (_, at) => at);
const key = Uint8Array.from({ length: 32 }, (_, at) => 255 - at);
const expiresAt = Date.UTC(2026, 10, 30, 12, 0, 0);
const expiry = u48(expiresAt);

const account = (changes: Partial<Account> = {}): Account => ({
  id: "42",
  email: "Mike@exämple.org",
  passwordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
  name: "Mike",
  locale: "de",
  tenant: undefined,
  resetAllowed: true,
  ...changes,
});
/** A tenant, or that there is none. */
const tenantOf = (tenant?: string) => (tenant === undefined ? Buffer.of(0) : Buffer.concat([Buffer.of(1), lp(tenant)]));
const stateOf = ({ id, email, passwordHash, tenant }: Account) =>
  Buffer.concat([
    lp(id),
    lp(email),
    passwordHash === null ? Buffer.of(0) : Buffer.concat([Buffer.of(1), lp(passwordHash)]),
    ...(tenant === undefined ? [] : [lp(tenant)]),
  ]);
const accounts: [string, Account][] = [
  ["a usual account", account()],
  ["an account without a password", account({ passwordHash: null })],
  ["an account of a tenant", account({ tenant: "blüe" })],
  ["an account with an id of 128 bytes", account({ id: "é".repeat(64) })],
];

describe("A stored link", () => {
  test("is found by the SHA-256 of the token behind a prefix", () => {
    expect(hashToken(raw)).toBe(sha256(utf8("relatch/v2/token\0"), Buffer.from(raw)).toString("hex"));
  });

  test.each(accounts)("is bound to its expiry and the state of %s, under the token", (_, each) => {
    const due = hmac(raw, utf8("relatch/v2/fingerprint\0"), expiry, stateOf(each));
    expect(Buffer.from(computeFingerprint(raw, expiresAt, each))).toEqual(due);
    expect(Buffer.from(sealFingerprint(key, due))).toEqual(hmac(key, utf8("relatch/v2/sealed\0"), due));
  });
});

describe("A signed link", () => {
  const origin = "https://app.example.com";
  const links = signedLinks([key]);
  test.each(accounts)("carries its own proof for %s", async (_, each) => {
    const bind = hmac(key, utf8("relatch/v2/bind\0"), lp(origin), stateOf(each)).subarray(0, 16);
    const id = utf8(each.id);
    const body = Buffer.concat([Buffer.of(2), expiry, bind, Buffer.of(id.length), id]);
    const mac = hmac(key, utf8("relatch/v2/signed\0"), lp(origin), body);
    const pad = (56 + id.length) % 3 === 0 ? Buffer.of(0) : Buffer.alloc(0);
    const token = Buffer.concat([body, mac, pad]).toString("base64url");
    expect(await links.issue(each, expiresAt, origin)).toBe(token);
    expect(await links.find(token, origin)).toMatchObject({ userId: each.id, expiresAt });
  });

  test("has 78 to 246 characters and ends in a letter or a digit, for ids of every length", async () => {
    const lengths: number[] = [];
    for (let length = 1; length <= 128; length++) {
      for (let round = 0; round < 8; round++) {
        const each = account({ id: "x".repeat(length), email: `mike${round}@example.org` });
        const token = await links.issue(each, expiresAt, origin);
        expect(token).toMatch(/^[\w-]+[A-Za-z0-9]$/);
        expect(links.couldBeToken(token)).toBe(true);
        lengths.push(token.length);
      }
    }
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([78, 246]);
  });
});

describe("A code", () => {
  const random = Buffer.from(Uint8Array.from({ length: 32 }, (_, at) => 3 * at));
  const digest = sha256(utf8("relatch/v2/ticket-digest\0"), random);

  test.each([undefined, "blüe"])("has a ticket of version, random bytes, expiry and MAC (tenant: %s)", (tenant) => {
    const body = Buffer.concat([Buffer.of(1), random, expiry]);
    const mac = hmac(key, utf8("relatch/v2/ticket\0"), body, tenantOf(tenant));
    const text = Buffer.concat([body, mac]).toString("base64url");
    expect(text).toHaveLength(95);
    const ticket = readTicket([key], text, tenant, expiresAt - 600_000);
    expect(ticket).toEqual({ digest: digest.toString("hex"), expiresAt, key });
  });

  test("has a ticket that is issued in the form in which it is read", () => {
    const { ticket, digest: named } = createTicket(key, expiresAt, "blüe");
    const bytes = Buffer.from(ticket, "base64url");
    const body = bytes.subarray(0, 39);
    expect([bytes.length, body[0], body.subarray(33)]).toEqual([71, 1, expiry]);
    expect(bytes.subarray(39)).toEqual(hmac(key, utf8("relatch/v2/ticket\0"), body, tenantOf("blüe")));
    expect(named).toBe(sha256(utf8("relatch/v2/ticket-digest\0"), body.subarray(1, 33)).toString("hex"));
  });

  test("stands for a link of 32 bytes under the key, from the digest of the ticket and the digits as ASCII", () => {
    const link = hmac(key, utf8("relatch/v2/code\0"), digest, utf8("01234567"));
    expect(Buffer.from(deriveLink(key, digest.toString("hex"), "01234567"))).toEqual(link);
  });
});

describe("A job", () => {
  const job: FollowUpJob = {
    v: 2,
    id: "5f0c1f6e-0000-4000-8000-000000000000",
    type: "follow_up",
    at: 1_790_000_000_000,
    userId: "42",
    email: "mike@example.org",
    previousStamp: "before",
    stamp: "after",
    isCommitted: false,
    locale: "de",
    tenant: undefined,
  };

  test("is signed over all its fields, in the order of their names, with the type of each value", () => {
    const fields: Buffer[] = [
      ["at", "n", "1790000000000"],
      ["email", "s", "mike@example.org"],
      ["id", "s", "5f0c1f6e-0000-4000-8000-000000000000"],
      ["isCommitted", "b", "false"],
      ["locale", "s", "de"],
      ["previousStamp", "s", "before"],
      ["stamp", "s", "after"],
      ["type", "s", "follow_up"],
      ["userId", "s", "42"],
      ["v", "n", "2"],
    ].map(([name = "", type = "", value = ""]) => Buffer.concat([lp(name), utf8(type), lp(value)]));
    const mac = hmac(key, utf8("relatch/v2/job\0"), ...fields).toString("base64url");
    expect(signJob(job, [key])).toEqual({ ...job, mac });
    expect(signJob(job, [])).toEqual(job);
  });

  test("carries the digest and the expiry of a ticket under its MAC", () => {
    const request: ResetRequestedJob = {
      ...{ v: 2, id: "a-job", type: "reset_requested", at: 7, email: "mike@example.org", locale: "de", tenant: "blue" },
      ...{ ticketDigest: "0a".repeat(32), codeExpiresAt: 600_000 },
    };
    const fields: Buffer[] = [
      ["at", "n", "7"],
      ["codeExpiresAt", "n", "600000"],
      ["email", "s", "mike@example.org"],
      ["id", "s", "a-job"],
      ["locale", "s", "de"],
      ["tenant", "s", "blue"],
      ["ticketDigest", "s", "0a".repeat(32)],
      ["type", "s", "reset_requested"],
      ["v", "n", "2"],
    ].map(([name = "", type = "", value = ""]) => Buffer.concat([lp(name), utf8(type), lp(value)]));
    const mac = hmac(key, utf8("relatch/v2/job\0"), ...fields).toString("base64url");
    expect(signJob(request, [key])).toEqual({ ...request, mac });
  });
});

describe("A name that is a digest", () => {
  test("sessionStamp is that of version 1, so sessions survive an upgrade", () => {
    const stamp = (hash: string) => sha256(utf8("relatch/v1/session\0"), lp("42"), lp(hash)).toString("base64url");
    expect(sessionStamp({ id: "42", passwordHash: "hash" })).toBe(stamp("hash"));
    expect(sessionStamp({ id: "42", passwordHash: null })).toBe(stamp(""));
    expect(stamp("hash")).toHaveLength(43);
  });

  test("the idempotencyKey of a link names the job, that of a notice the state of the account", () => {
    const job = { v: 2, id: "a-job", type: "reset_requested", at: 0, locale: "en", email: "a@b.c" } as const;
    expect(linkIdempotencyKey(job, "reset_link")).toBe(
      sha256(utf8("relatch/v2/mail\0"), lp("a-job"), lp("reset_link")).toString("base64url"),
    );
    expect(noticeIdempotencyKey("42", "stamp", "mike@example.org")).toBe(
      sha256(utf8("relatch/v2/notice\0"), lp("42"), lp("stamp"), lp("mike@example.org")).toString("base64url"),
    );
  });

  test("limiter keys name what is counted and hide its value", () => {
    const due = (kind: string, value: string, tenant?: string) =>
      `${kind}:${sha256(utf8("relatch/v2/limit\0"), lp(kind), lp(value), tenantOf(tenant)).toString("hex")}`;
    expect(addressKey("mike@example.org", undefined)).toBe(due("address", "mike@example.org"));
    expect(addressKey("mike@example.org", "blue")).toBe(due("address", "mike@example.org", "blue"));
    const digest = "0a".repeat(32);
    for (const tenant of [undefined, "blue"]) {
      expect(ticketKeys(digest, tenant)).toEqual({
        attempts: due("ticket", digest, tenant),
        codes: due("ticket_codes", digest, tenant),
      });
      expect(codeRequestKey("mike@example.org", tenant)).toBe(due("code_request", "mike@example.org", tenant));
    }
    expect(factorKeys(digest, "42")).toEqual({
      link: due("factor_link", digest),
      account: due("factor_account", "42"),
    });
    expect(clientKeys("192.0.2.7")).toEqual([{ key: due("client", "192.0.2.7"), factor: 1 }]);
    expect(clientKeys("2001:db8:1:2:3:4:5:6")?.map(({ factor }) => factor)).toEqual([1, 10]);
  });
});
