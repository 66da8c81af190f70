import fc from "fast-check";
import { canonicalEmail } from "relatch";
import { describe, expect, test, vi } from "vitest";
import { parseJob } from "../../src/jobs.ts";
import { parseResetUrl } from "../../src/reset-url.ts";
import { addressLike, RUNS_OF } from "./addresses.ts";
import { guarded, outcome } from "./guarded.ts";
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

  test("takes two parses of a URL, and one normalisation a letter", () => {
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
  const spelled = (lengths: fc.StringConstraints) =>
    fc.string({ unit: fc.constantFrom(...ALPHABET, ...ALPHABET, "+", "/", "=", " ", "é"), ...lengths });
  const isCanonical = (token: string) => Buffer.from(token, "base64url").toString("base64url") === token;

  test("reaches the store only in the one spelling of its 32 bytes", { timeout }, async () => {
    const { passwordReset, options } = await guarded(false);
    const find = vi.spyOn(options.tokens as { find(hash: string): unknown }, "find");
    const near = spelled({ minLength: 42, maxLength: 44 });
    const exact = fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 43, maxLength: 43 });
    await assertAll(
      fc.oneof(near, exact, text),
      async (token) => {
        find.mockClear();
        expect(await passwordReset.verifyToken(token)).toMatchObject({ ok: false });
        const isOne = token.length === 43 && isCanonical(token);
        expect(find).toHaveBeenCalledTimes(isOne ? 1 : 0);
      },
      plan(2000),
    );
  });

  test("costs no look-up when it is signed by nobody", { timeout }, async () => {
    const { passwordReset, options, token: mailed } = await guarded(true);
    const findById = vi.spyOn(options.users, "findById");
    const altered = fc
      .tuple(fc.nat(mailed.length - 1), fc.constantFrom(...ALPHABET))
      .map(([at, unit]) => mailed.slice(0, at) + unit + mailed.slice(at + 1));
    await assertAll(
      fc.oneof(
        spelled({ minLength: 70, maxLength: 250 }),
        altered,
        altered.map((token) => `${token}A`),
      ),
      async (token) => {
        if (token === mailed) return;
        expect(await passwordReset.verifyToken(token)).toMatchObject({ ok: false });
        expect(findById).not.toHaveBeenCalled();
      },
      plan(1000),
    );
    expect(await passwordReset.verifyToken(mailed)).toMatchObject({ ok: true });
  });
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
    ...[
      "https://app.example.com",
      "https://app.example.com:8443",
      "http://localhost:8000",
      "http://127.0.0.1",
    ],
    ...[
      "http://app.example.com",
      "https://user:pw@app.example.com",
      "https://:token.example.com",
      "https:///",
    ],
    ...[
      "HTTPS://APP.example.com",
      "javascript:",
      "//app.example.com",
      "",
      "https://[::1]",
      "http://[::1]:80",
    ],
    ...["https://münchen.de", "ftp://localhost", "https://app.example.com\\@evil.example", "data:text/html,"],
  );
  const template = fc
    .tuple(start, fc.array(part, { maxLength: 6 }))
    .map(([origin, parts]) => origin + parts.join(""));
  let taken = 0;
  return assertAll(
    fc.oneof({ weight: 9, arbitrary: plain(template) }, { weight: 1, arbitrary: hostile }),
    async (recipe) => {
      const given = recipe.make();
      const answer = await outcome(() => parseResetUrl(given));
      if ("code" in answer) return expect(answer.code).toBe("ERR_OPTIONS");
      taken += 1;
      const link = (answer.value as (token: string) => string)(TOKEN);
      const [url, meant] = [new URL(link), new URL(given as string)];
      expect(url.origin).toBe(meant.origin);
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

test("what the job parser lets through is plain, and survives JSON and a second look", { timeout }, () => {
  const job = fc.record(
    {
      v: fc.constantFrom(1, 1, 1, 2, "1"),
      id: fc.oneof(fc.uuid(), text),
      at: fc.oneof(fc.nat(), fc.double(), fc.constantFrom(8.64e15, 8.64e15 + 1, -1)),
      type: fc.constantFrom("reset_requested", "password_changed"),
      email: addressLike,
      tenant: fc.option(text, { nil: undefined }),
      locale: fc.option(text, { nil: undefined }),
      userId: text,
      previousStamp: text,
      stamp: text,
      more: fc.anything(),
    },
    { requiredKeys: ["v", "id", "at", "type"] },
  );
  let taken = 0;
  return assertAll(
    fc.oneof({ weight: 9, arbitrary: plain(job) }, { weight: 1, arbitrary: hostile }),
    (recipe) => {
      const parsed = parseJob(recipe.make());
      if (parsed === undefined) return;
      taken += 1;
      const types = Object.values(parsed).map((value) => typeof value);
      expect(types.every((type) => ["string", "number", "undefined"].includes(type))).toBe(true);
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
};
