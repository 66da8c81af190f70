import { createHmac, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createTicket, MAX_TICKET_LIFETIME, readTicket } from "../../../src/links/ticket.ts";
import { randomKey } from "../../helpers/reference.ts";

// The bytes are in formats.test.ts.

const NOW = Date.UTC(2026, 0, 1);
const EXPIRES_AT = NOW + 600_000;
const KEYS = [randomKey(), randomKey()] as const;
const [KEY] = KEYS;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const issue = ({ key = KEY as Uint8Array, expiresAt = EXPIRES_AT, tenant = undefined as string | undefined } = {}) =>
  createTicket(key, expiresAt, tenant);
const read = (
  text: unknown,
  { keys = [KEY] as readonly Uint8Array[], tenant = undefined as string | undefined } = {},
) => readTicket(keys, text, tenant, NOW);

describe("A ticket", () => {
  test("has 95 characters and is read back with its digest, its expiry and its key", () => {
    const { ticket, digest } = issue();
    expect(ticket).toMatch(/^[\w-]{95}$/);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(read(ticket)).toEqual({ digest, expiresAt: EXPIRES_AT, key: KEY });
  });

  test("is another one each time, and so is its digest", () => {
    const tickets = Array.from({ length: 1000 }, () => issue());
    expect(new Set(tickets.map(({ ticket }) => ticket)).size).toBe(1000);
    expect(new Set(tickets.map(({ digest }) => digest)).size).toBe(1000);
  });

  test("names the key that it was signed with, in whatever place that is", () => {
    const [first, second] = KEYS;
    const { ticket } = issue({ key: second });
    expect(read(ticket, { keys: [first, second] })?.key).toBe(second);
    expect(read(ticket, { keys: [second, first] })?.key).toBe(second);
    expect(read(ticket, { keys: [first] })).toBeUndefined();
    expect(read(ticket, { keys: [] })).toBeUndefined();
  });

  test("belongs to one tenant, or to none", () => {
    const tenants = [undefined, "acme", "globex", ""];
    for (const tenant of tenants) {
      const { ticket } = issue({ tenant });
      const accepted = tenants.filter((other) => read(ticket, { tenant: other }) !== undefined);
      expect(accepted).toEqual([tenant]);
    }
  });

  test("of another version is refused, even though its MAC is right", () => {
    const sign = (body: Buffer) =>
      createHmac("sha256", KEY)
        .update(Buffer.concat([Buffer.from("relatch/v2/ticket\0"), body, Buffer.of(0)]))
        .digest();
    const expiry = Buffer.alloc(6);
    expiry.writeUIntBE(EXPIRES_AT, 0, 6);
    const [own, other] = [1, 2].map((version) => {
      const body = Buffer.concat([Buffer.of(version), randomBytes(32), expiry]);
      return Buffer.concat([body, sign(body)]).toString("base64url");
    });
    expect(read(own)).toMatchObject({ expiresAt: EXPIRES_AT });
    expect(read(other)).toBeUndefined();
  });

  test("is read after its expiry as well, so that the caller can say why it refuses", () => {
    const { ticket } = issue({ expiresAt: NOW - 86_400_000 });
    expect(read(ticket)?.expiresAt).toBe(NOW - 86_400_000);
  });

  test("is refused if it expires more than 20 minutes ahead, even though it is genuine", () => {
    const accepts = (expiresAt: number) => read(issue({ expiresAt }).ticket) !== undefined;
    expect(accepts(NOW + MAX_TICKET_LIFETIME)).toBe(true);
    expect(accepts(NOW + MAX_TICKET_LIFETIME + 1000)).toBe(false);
    expect(MAX_TICKET_LIFETIME).toBe(20 * 60_000);
  });

  test("is refused if any one of its characters is another one", () => {
    const { ticket } = issue();
    for (let at = 0; at < ticket.length; at++) {
      const others = [...ALPHABET].filter((character) => character !== ticket[at]);
      const accepted = others.filter((other) => read(ticket.slice(0, at) + other + ticket.slice(at + 1)));
      expect([at, accepted]).toEqual([at, []]);
    }
  });

  test("has no second spelling: the two unused bits of its last character must be zero", () => {
    const { ticket } = issue();
    const bytes = Buffer.from(ticket, "base64url");
    const spellings = [...ALPHABET].map((last) => ticket.slice(0, -1) + last);
    const same = spellings.filter((text) => Buffer.from(text, "base64url").equals(bytes));
    expect(same).toHaveLength(4); // the control: a lenient decoder accepts all four
    expect(same.filter((text) => read(text))).toEqual([ticket]);
  });

  const { ticket } = issue();
  test.each<[string, unknown]>([
    ["cut off", ticket.slice(0, -1)],
    ["longer by one character", `${ticket}A`],
    ["with padding", `${ticket}=`],
    ["with padding in place of its end", `${ticket.slice(0, -1)}=`],
    ["in base64 instead of base64url", ticket.replaceAll("-", "+").replaceAll("_", "/").slice(0, 94).concat("/")],
    ["with a space", `${ticket.slice(0, -1)} `],
    ["of 10 KB", ticket.repeat(108)],
    ["empty", ""],
    ["in an array", [ticket]],
    ["in an object with toString", { toString: () => ticket }],
    ["that is a String object", new String(ticket)],
    ["that is null", null],
    ["that is absent", undefined],
    ["that is a number", 95],
    ["of characters outside ASCII", "é".repeat(95)],
    ["of lone surrogates", "\ud800".repeat(95)],
  ])("is refused %s", (_, text) => {
    expect(read(ticket)).toBeDefined();
    expect(read(text)).toBeUndefined();
  });

  test("contains nothing of its digest, and nothing of its key", () => {
    const { ticket, digest } = issue();
    const hex = Buffer.from(ticket, "base64url").toString("hex");
    for (const secret of [digest, Buffer.from(KEY).toString("hex")]) {
      for (let at = 0; at + 16 <= secret.length; at += 2) expect(hex).not.toContain(secret.slice(at, at + 16));
    }
  });
});
