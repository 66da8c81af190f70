import * as sha2 from "@oslojs/crypto/sha2";
import fc from "fast-check";
import { signedTokens } from "relatch";
import { memoryTokens } from "relatch/memory";
import { tokenStoreContract } from "relatch/testing";
import { expect, test, vi } from "vitest";
import { both, COMPLETE, FORM, RESET, VERIFY } from "../../e2e/contract/helpers.ts";
import { type Harness, harness, MIKE } from "../../harness.ts";
import { WRONG_OPTIONS } from "../../helpers/errors.ts";
import { randomKey, referenceSignedToken, referenceTokenHash } from "../../helpers/reference.ts";
import { overRoutes } from "../helpers/adapters.ts";
import { flaw, flaws } from "../helpers/flaw.ts";
import { RUNS } from "../helpers/runs.ts";
import { expectRefused, GRANT, newPassword } from "./refused.ts";

// What is no token: another type, another form, another length.

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const JWTS = [
  `${encoded({ alg: "none", typ: "JWT" })}.${encoded({ sub: "42", purpose: "password_reset" })}.`,
  `${encoded({ alg: "HS256" })}.${encoded({ userId: "42", exp: 4102444800 })}.${"A".repeat(43)}`,
  `${encoded({ alg: "HS256", kid: "../../dev/null" })}.${encoded({ userId: "42" })}.`,
  `${encoded({ alg: "RS256" })}.${encoded({ userId: "42" })}.${"A".repeat(342)}`,
];

/** By id: what was taken for a token, made where it matters of one that is good. */
const JUNK: Record<string, (good: string) => unknown[]> = {
  "CVE-2019-18818": () => [undefined, null, "", {}, [], 0, false, { $gt: 0 }, { $ne: null }],
  "CVE-2026-30941": (good) => [
    { $regex: "^" },
    { $gt: "" },
    { $ne: "x" },
    { $exists: true },
    { $in: [good] },
    { $eq: good },
    { __op: "Delete" },
    { length: 43, 0: "A" },
  ],
  "CVE-2021-22911": (good) => [
    { $regex: "^a" },
    /^a/,
    "^a",
    ".*",
    `^${good}$`,
    { $regex: good, $options: "i" },
  ],
  "CVE-2013-0233": (good) => [
    0,
    1,
    -1,
    true,
    1n,
    Number.NaN,
    new String(good),
    { toString: () => good },
    { valueOf: () => good },
    { toJSON: () => good },
    { [Symbol.toPrimitive]: () => good },
  ],
  "CVE-2009-2762": (good) => [
    [""],
    [good],
    [[good]],
    { 0: good },
    Object.assign([good], { length: 1 }),
    [null],
  ],
  "CVE-2008-3681": (good) => [
    ...["'", "%", "_", "*", "--", "' OR '1'='1", "%".repeat(43), "_".repeat(42), "*".repeat(43)],
    good.slice(0, 42),
    `${good}A`,
    `${good} `,
    ` ${good}`,
    `${good}\n`,
    `${good}\0`,
    `${good}=`,
    good.replace(/.$/, "é"),
    good.replace(/^./, "+"),
    good.replace(/^./, "/"),
    // The same 256 bits, spelled otherwise: its last character carries two bits that are not used.
    ...[1, 2, 3].map((more) => good.slice(0, 42) + LAST[LAST.indexOf(good[42] ?? "") + more]),
  ],
  "GHSA-2m5g-8xpw-42vp": () => [
    null,
    undefined,
    "",
    "null",
    "undefined",
    "NULL",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  ],
  "CVE-2026-115237": () => ["", " ", "\t", "\0", "\u200b", [], [""], {}],
  "CVE-2010-4535": () => ["1".repeat(1_000_000), "A".repeat(10_000_000), "z".repeat(100_000), "9".repeat(64)],
  "CVE-2015-9235": () => JWTS,
};
const LAST = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

flaws(JUNK, (junk, id) => {
  test("opens nothing, reaches no store, and costs no digest", async () => {
    const app = harness();
    const good = await app.requestToken();
    const ports = [
      vi.spyOn(app.tokens, "find"),
      vi.spyOn(app.users, "findById"),
      vi.spyOn(app.users, "replacePasswordHash"),
      vi.spyOn(app.hasher, "hash"),
      vi.mocked(sha2.sha256).mockClear(),
    ];
    for (const token of junk(good)) await expectRefused(app, token);
    for (const port of ports) expect(port).not.toHaveBeenCalled();
    expect(app.users.get("42")).toEqual(MIKE);
    // The link that is out is as good as ever, and its digest is a call of what was watched.
    expect(await app.passwordReset.completeReset({ token: good, newPassword })).toMatchObject({ ok: true });
    expect(sha2.sha256).toHaveBeenCalled();
  });

  test("nor where tokens are signed", async () => {
    const app = harness({ tokens: signedTokens({ keys: [randomKey()] }) });
    const good = await app.requestToken();
    const find = vi.spyOn(app.users, "findById");
    for (const token of junk(good)) await expectRefused(app, token);
    expect(find).not.toHaveBeenCalled();
  });

  overRoutes("nor over HTTP: as JSON, in the link, or as the grant", async (app) => {
    const good = await app.requestToken();
    const ports = [vi.spyOn(app.tokens, "find"), vi.spyOn(app.users, "replacePasswordHash")];
    const seen: unknown[] = [];
    // What JSON cannot say, or would make a good token of, cannot be sent.
    const canBeSent = (token: unknown) => typeof token !== "bigint" && JSON.stringify(token) !== `"${good}"`;
    for (const token of junk(good).filter(canBeSent)) {
      const tooLong = typeof token === "string" && token.length > 8000;
      const status = tooLong && token.length > 16_000 ? 413 : 400;
      seen.push((await app.client.json(VERIFY, { token })).status - status);
      seen.push((await app.client.json(COMPLETE, { token, password: newPassword })).status - status);
      if (typeof token !== "string" || tooLong || token.trim() === "") continue;
      const link = `${RESET}/${encodeURIComponent(token)}`;
      const answers = [await app.client.get(link), await app.client.post(link, both(newPassword))];
      if (/^[\w.'*^$%-]+$/.test(token)) {
        const headers = { Cookie: `${GRANT}=${token}` };
        answers.push(await app.client.get(FORM, headers), await app.client.post(FORM, both("x"), headers));
      }
      for (const answer of answers) expect([303, 400]).toContain(answer.status);
    }
    expect(new Set(seen)).toEqual(new Set([0]));
    for (const port of ports) expect(port).not.toHaveBeenCalled();
    expect(app.users.get("42")).toEqual(MIKE);
  });

  if (id === "CVE-2026-30941") {
    test("whatever comes in, the store is asked for 64 digits", async () => {
      const app = harness();
      const find = vi.spyOn(app.tokens, "find");
      const shaped = fc.stringMatching(/^[\w-]{42}[AEIMQUYcgkosw048]$/);
      await fc.assert(
        fc.asyncProperty(fc.oneof(fc.anything(), fc.string(), shaped), (token) => expectRefused(app, token)),
        { numRuns: 10 * RUNS },
      );
      expect(find.mock.calls.length).toBeGreaterThan(RUNS);
      expect(find.mock.calls.filter(([hash]) => !/^[0-9a-f]{64}$/.test(hash))).toEqual([]);
    });

    overRoutes("operators in a form or a query are no fields", async (app) => {
      const find = vi.spyOn(app.tokens, "find");
      const fields = { "token[$regex]": "^", "token[$ne]": "x", "token[]": "x", ...both(newPassword) };
      const query = String(new URLSearchParams(fields));
      const answers = [
        await app.client.post(FORM, fields),
        await app.client.post(`${FORM}?${query}`, {}),
        await app.client.get(`${FORM}?${query}`),
        await app.client.json(`${VERIFY}?${query}`, fields),
        await app.client.json(`${COMPLETE}?${query}`, fields),
      ];
      expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 400, 400]);
      expect(find).not.toHaveBeenCalled();
    });
  }

  if (id === "GHSA-2m5g-8xpw-42vp") {
    test("an account without a link has nothing that nothing could match", async () => {
      for (const passwordHash of [MIKE.passwordHash, null]) {
        const app = harness({ accounts: [{ ...MIKE, passwordHash }] });
        for (const token of [...junk(""), "A".repeat(43), referenceTokenHash(new Uint8Array(0))]) {
          await expectRefused(app, token);
        }
        for (const hash of ["", referenceTokenHash(new Uint8Array(0)), undefined as never]) {
          expect(await app.tokens.find(hash)).toBeUndefined();
        }
      }
    });

    test("and the contract of token stores asks for that", () => {
      const names = tokenStoreContract(() => memoryTokens()).map(({ name }) => name);
      expect(names).toContain("finds nothing for a hash that was not saved");
    });
  }
});

flaw("X1", () => {
  const key = randomKey();
  const forged = (app: Harness) => {
    const made = { key, state: MIKE as never, expiresAt: app.clock.now + 1000 };
    const good = referenceSignedToken(made);
    const bytes = Buffer.from(good, "base64url");
    return [
      ...JWTS,
      referenceSignedToken({ ...made, key: new Uint8Array(32) }),
      referenceSignedToken({ ...made, key: new TextEncoder().encode("secret") }),
      referenceSignedToken({ ...made, version: 0 }),
      referenceSignedToken({ ...made, version: 2 }),
      referenceSignedToken({ ...made, bindKey: new Uint8Array(32) }),
      referenceSignedToken({ ...made, expiresAt: app.clock.now }),
      bytes.subarray(0, -32).toString("base64url"),
      Buffer.concat([bytes.subarray(0, -32), Buffer.alloc(32)]).toString("base64url"),
    ];
  };

  test("what is signed otherwise, or not at all, opens nothing", async () => {
    const app = harness({ tokens: signedTokens({ keys: [key] }) });
    for (const token of forged(app)) await expectRefused(app, token);
    expect(await app.passwordReset.verifyToken(await app.requestToken())).toMatchObject({ ok: true });
  });

  test.each([
    ["none", []],
    ["a text", ["a secret of more than 32 characters"]],
    ["31 bytes", [new Uint8Array(31).fill(1)]],
    ["zeros", [new Uint8Array(32)]],
    ["an empty one", [new Uint8Array(0)]],
    ["nothing", [undefined]],
  ])("a key has 32 bytes or more: %s will not do", (_, keys) => {
    expect(() => signedTokens({ keys: keys as never })).toThrow(WRONG_OPTIONS);
  });

  overRoutes(
    "nor over HTTP",
    async (app) => {
      for (const token of forged(app)) {
        expect((await app.client.json(COMPLETE, { token, password: newPassword })).status).toBe(400);
      }
    },
    { tokens: signedTokens({ keys: [key] }) },
  );
});
