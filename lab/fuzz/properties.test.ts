import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import { canonicalEmail, type TokenRecord, type TokenStore } from "relatch";
import { describe, expect, test, vi } from "vitest";
import { parseJob } from "../../src/core/jobs.ts";
import { parseResetUrl } from "../../src/lib/reset-url.ts";
import { referenceState } from "../../test/helpers/reference.ts";
import { addressLike, RUNS_OF } from "./addresses.ts";
import { createGuarded, KEY, MIKE, outcome } from "./guarded.ts";
import { assertAll, isLong, plan, timeout } from "./runs.ts";
import { hostile, plain, text } from "./values.ts";

describe("an address in canonical form", () => {
  test("stays as it is, and is one plain mailable address", { timeout }, () =>
    assertAll(
      fc.oneof(addressLike, text),
      (input) => {
        const address = canonicalEmail(input);
        if (address === undefined) return;
        expect(canonicalEmail(address)).toBe(address);
        expect(canonicalEmail(`\t ${address}\r\n`)).toBe(address);
        expect(address).toMatch(/^[^\s@"(),:;<>[\\\]\p{C}\p{Z}]+@[a-z0-9-]+(\.[a-z0-9-]+)*$/u);
        expect(address).not.toMatch(/[A-Z]/);
        expect(address.normalize("NFC")).toBe(address);
        expect(Buffer.byteLength(address)).toBeLessThanOrEqual(254);
      },
      plan(2000),
    ),
  );

  test("is the same in whatever case ASCII is typed", { timeout }, () =>
    assertAll(
      fc.tuple(fc.emailAddress(), fc.infiniteStream(fc.boolean())),
      ([input, coins]) => {
        const typed = [...input].map((unit) => (coins.next().value ? unit.toUpperCase() : unit)).join("");
        expect(canonicalEmail(typed)).toBe(canonicalEmail(input));
      },
      plan(1000),
    ),
  );

  test("canonicalEmail takes two parses of a URL and one normalization per letter", () => {
    for (const [, make] of RUNS_OF) {
      const input = make(300);
      const normalize = vi.spyOn(String.prototype, "normalize");
      const parse = vi.spyOn(globalThis, "URL");
      canonicalEmail(input);
      const [normalized, parsed] = [normalize.mock.calls.length, parse.mock.calls.length];
      normalize.mockRestore();
      parse.mockRestore();
      expect(normalized).toBeLessThanOrEqual(input.length + 2);
      expect(parsed).toBeLessThanOrEqual(2);
    }
  });

  test.runIf(isLong).each(RUNS_OF)("takes linear time: %s", { timeout }, (_, make) => {
    // Twice as long takes twice as long, and not four times; longer than any address, nothing at all.
    const inputs = [make(150), make(300), make(1_000_000)] as const;
    const best = inputs.map(() => Number.POSITIVE_INFINITY);
    for (let round = 0; round < 100; round++) {
      for (const [nth, input] of inputs.entries()) {
        const start = performance.now();
        for (let n = 0; n < 100; n++) canonicalEmail(input);
        best[nth] = Math.min(best[nth] ?? 0, performance.now() - start);
      }
    }
    const [half = 0, whole = 0, over = 0] = best;
    expect(whole / half).toBeLessThan(3);
    expect(over).toBeLessThan(Math.max(whole, 0.1));
  });
});

describe("a token", () => {
  const ALPHABET = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"];
  const spell = (lengths: fc.StringConstraints) =>
    fc.string({ unit: fc.constantFrom(...ALPHABET, ...ALPHABET, "+", "/", "=", " ", "é"), ...lengths });
  const isCanonical = (token: string) => Buffer.from(token, "base64url").toString("base64url") === token;

  test("reaches the store only in the one spelling of its 32 bytes", { timeout }, async () => {
    const { passwordReset, options } = await createGuarded(false);
    const find = vi.spyOn(options.tokens as { find(hash: string): unknown }, "find");
    const near = spell({ minLength: 42, maxLength: 44 });
    const exact = fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 43, maxLength: 43 });
    await assertAll(
      fc.oneof(near, exact, text),
      async (token) => {
        find.mockClear();
        expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: false });
        const isOne = token.length === 43 && isCanonical(token);
        expect(find).toHaveBeenCalledTimes(isOne ? 1 : 0);
      },
      plan(2000),
    );
  });

  test("costs no look-up when it is signed by nobody", { timeout }, async () => {
    const { passwordReset, options, token: mailed } = await createGuarded(true);
    const findById = vi.spyOn(options.users, "findById");
    const altered = fc
      .tuple(fc.nat(mailed.length - 1), fc.constantFrom(...ALPHABET))
      .map(([at, unit]) => mailed.slice(0, at) + unit + mailed.slice(at + 1));
    await assertAll(
      fc.oneof(
        spell({ minLength: 70, maxLength: 250 }),
        altered,
        altered.map((token) => `${token}A`),
      ),
      async (token) => {
        if (token === mailed) return;
        expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: false });
        expect(findById).not.toHaveBeenCalled();
      },
      plan(1000),
    );
    expect(await passwordReset.verifyToken({ token: mailed })).toMatchObject({ ok: true });
  });
});

describe("a stored record", () => {
  const flipped = fc.tuple(fc.nat(63), fc.constantFrom(..."0123456789abcdef"));
  const flip = (digits: string, [at, digit]: [number, string]) => digits.slice(0, at) + digit + digits.slice(at + 1);
  const change: fc.Arbitrary<(record: TokenRecord) => Partial<TokenRecord>> = fc.oneof(
    fc
      .oneof(fc.integer(), fc.constantFrom(-1, 1, 1000, 60_000, 3_600_000))
      .map((ms) => ({ expiresAt }: TokenRecord) => ({
        expiresAt: new Date(expiresAt.getTime() + ms),
      })),
    flipped.map((at) => ({ fingerprint }: TokenRecord) => ({ fingerprint: flip(fingerprint, at) })),
    flipped.map((at) => ({ tokenHash }: TokenRecord) => ({ tokenHash: flip(tokenHash, at) })),
    text.map((userId) => () => ({ userId })),
  );

  test("with any field changed is refused", { timeout }, async () => {
    let changed: Partial<TokenRecord> = {};
    let stored: TokenRecord | null | undefined;
    const { passwordReset, token } = await createGuarded(false, ({ tokens }) => {
      const store = tokens as TokenStore;
      const find = async (hash: string) => {
        stored = await store.find(hash);
        return stored && { ...stored, ...changed };
      };
      return { tokens: { ...store, find } };
    });
    const isValid = async () => (await outcome(() => passwordReset.verifyToken({ token }))) as object;
    expect(await isValid()).toMatchObject({ value: { ok: true } });
    const genuine = { ...stored } as TokenRecord;
    await assertAll(
      change,
      async (apply) => {
        changed = apply(genuine);
        const isSame = Object.entries(changed).every(
          ([name, value]) => String(value) === String(genuine[name as keyof TokenRecord]),
        );
        // The store may return something that is not a record: an error, and no reset.
        if (!isSame) expect(await isValid()).not.toMatchObject({ value: { ok: true } });
      },
      plan(2000),
    );
    changed = {};
    expect(await isValid()).toMatchObject({ value: { ok: true } });
  });

  test("of version 1 is refused", { timeout }, () =>
    assertAll(
      fc.tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.boolean()),
      async ([raw, isFoundByNewHash]) => {
        const { passwordReset, options } = await createGuarded(false);
        const version = isFoundByNewHash ? "v2" : "v1";
        const digest = createHash("sha256").update(`relatch/${version}/token\0`).update(raw);
        const fingerprint = createHmac("sha256", raw).update("relatch/v1/fingerprint\0");
        await (options.tokens as TokenStore).save({
          tokenHash: digest.digest("hex"),
          userId: MIKE.id,
          fingerprint: fingerprint.update(referenceState(MIKE)).digest("hex"),
          expiresAt: new Date(Date.now() + 60_000),
        });
        const token = Buffer.from(raw).toString("base64url");
        expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: false });
      },
      plan(100),
    ),
  );
});

test("a signed token of version 1 is refused", { timeout }, async () => {
  const { passwordReset, calls, token: mailed } = await createGuarded(true);
  expect(await passwordReset.verifyToken({ token: mailed })).toMatchObject({ ok: true });
  const mac = (prefix: string, ...parts: Uint8Array[]) =>
    createHmac("sha256", KEY).update(`relatch/v1/${prefix}\0`).update(Buffer.concat(parts)).digest();
  await assertAll(
    fc.tuple(fc.constantFrom(1, 2), fc.integer({ min: 1, max: 3_600_000 })),
    async ([version, lifetime]) => {
      const expiry = Buffer.alloc(6);
      expiry.writeUIntBE(Date.now() + lifetime, 0, 6);
      const bind = mac("bind", referenceState(MIKE)).subarray(0, 16);
      const body = Buffer.concat([Buffer.of(version), expiry, bind, Buffer.from(MIKE.id)]);
      const token = Buffer.concat([body, mac("signed", body)]).toString("base64url");
      calls.length = 0;
      expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: false });
      expect(calls).toEqual([]);
    },
    plan(200),
  );
});

test("a link goes where its template says, over https, with the token once and nowhere else", {
  timeout,
}, () => {
  const TOKEN = "T0ken-_A".padEnd(43, "A");
  const part = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom(":token", ":token", "/", "a", ".", "?", "#", "&t=", "//", ":tokens"),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom("%3Atoken", "\\", "@", "..", "\t", "\u0000", "é", "{", " ", ":TOKEN"),
    },
    { weight: 1, arbitrary: text },
  );
  const start = fc.constantFrom(
    ...["https://app.example.com", "https://app.example.com:8443", "http://localhost:8000", "http://127.0.0.1"],
    ...["http://app.example.com", "https://user:pw@app.example.com", "https://:token.example.com", "https:///"],
    ...["HTTPS://APP.example.com", "javascript:", "//app.example.com", "", "https://[::1]", "http://[::1]:80"],
    ...["https://münchen.de", "ftp://localhost", "https://app.example.com\\@evil.example", "data:text/html,"],
  );
  const template = fc.tuple(start, fc.array(part, { maxLength: 6 })).map(([origin, parts]) => origin + parts.join(""));
  let taken = 0;
  return assertAll(
    fc.oneof({ weight: 9, arbitrary: plain(template) }, { weight: 1, arbitrary: hostile }),
    async (recipe) => {
      const given = recipe.make();
      const answer = await outcome(() => parseResetUrl(given));
      if ("code" in answer) return expect(answer.code).toBe("ERR_OPTIONS");
      taken += 1;
      const { origin, linkTo } = answer.value as ReturnType<typeof parseResetUrl>;
      const link = linkTo(TOKEN);
      const [url, meant] = [new URL(link), new URL(given as string)];
      expect(url.origin).toBe(meant.origin);
      expect(origin).toBe(meant.origin);
      expect(url.protocol === "https:" || /^(localhost|127\.|\[::1\])/.test(url.hostname)).toBe(true);
      expect(url.username + url.password).toBe("");
      expect(link.split(TOKEN)).toHaveLength(2);
      expect(link.indexOf(TOKEN)).toBeGreaterThan(url.origin.length);
      expect(link).not.toMatch(/[\s\p{Cc}]/u);
      expect(url.href).toBe(link);
    },
    plan(2000),
  ).then(() => expect(taken).toBeGreaterThan(50));
});

test("the job parser returns plain jobs that survive JSON and a second parse", { timeout }, () => {
  const usually = (value: unknown, other: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 9, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: other });
  const common = {
    v: usually(2, fc.constantFrom(1, "2")),
    id: fc.oneof(fc.uuid(), text),
    at: fc.oneof(fc.nat(), fc.double(), fc.constantFrom(8.64e15, 8.64e15 + 1, -1)),
    locale: usually("en", text),
    tenant: fc.option(text, { nil: undefined }),
    mac: fc.option(text, { nil: undefined }),
    correlationId: fc.option(fc.oneof(fc.constant("request-7"), text), { nil: undefined }),
    more: usually(undefined, fc.anything()),
  };
  const ip = fc.option(fc.oneof(fc.constant("198.51.100.7"), fc.ipV4(), text), { nil: undefined });
  const requested = fc.record({
    ...{ ...common, ip },
    type: fc.constant("reset_requested"),
    email: usually("mike@example.org", addressLike),
    ticketDigest: fc.option(fc.oneof(fc.constant("0f".repeat(32)), text), { nil: undefined }),
    codeExpiresAt: fc.option(fc.oneof(fc.nat(), fc.double(), fc.constant(8.64e15 + 1)), { nil: undefined }),
  });
  const link = fc.record({ ...common, type: fc.constant("link_requested"), userId: text });
  const followUp = fc.record({
    ...{ ...common, ip },
    type: fc.constant("follow_up"),
    email: usually("Mike@example.org", text),
    userId: text,
    previousStamp: text,
    stamp: text,
    isCommitted: usually(false, fc.constantFrom(true, 0, "true")),
  });
  // A job in a queue has no field that is undefined.
  const job = fc
    .oneof(requested, link, followUp)
    .map((fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)));
  let taken = 0;
  return assertAll(
    fc.oneof({ weight: 9, arbitrary: plain(job) }, { weight: 1, arbitrary: hostile }),
    (recipe) => {
      const parsed = parseJob(recipe.make());
      if (parsed === undefined) return;
      taken += 1;
      const types = Object.values(parsed).map((value) => typeof value);
      expect(types.every((type) => ["string", "number", "boolean", "undefined"].includes(type))).toBe(true);
      expect(Object.keys(parsed).filter((name) => !(name in KNOWN))).toEqual([]);
      const text = JSON.stringify(parsed);
      expect(JSON.stringify(parseJob(JSON.parse(text)))).toBe(text);
    },
    plan(2000),
  ).then(() => expect(taken).toBeGreaterThan(50));
});

const KNOWN = {
  v: 0,
  id: 0,
  at: 0,
  type: 0,
  email: 0,
  tenant: 0,
  locale: 0,
  userId: 0,
  previousStamp: 0,
  stamp: 0,
  isCommitted: 0,
  mac: 0,
  correlationId: 0,
  ip: 0,
  ticketDigest: 0,
  codeExpiresAt: 0,
};
