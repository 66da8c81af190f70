import { createHash } from "node:crypto";
import { type PasswordResetOptions, type ResetUser, signedTokens, type TokenRecord } from "relatch";
import { memoryTokens } from "relatch/memory";
import { expect, test, vi } from "vitest";
import { both, COMPLETE, FORM, handleIn, RESET } from "../../e2e/contract/helpers.ts";
import { type Harness, harness, MIKE } from "../../harness.ts";
import {
  randomKey,
  referenceFingerprint,
  referenceSignedToken,
  referenceTokenHash,
} from "../../helpers/reference.ts";
import { overRoutes } from "../helpers/adapters.ts";
import { flaw, flaws } from "../helpers/flaw.ts";
import { expectRefused, JANE, newPassword } from "./refused.ts";

// What is a token of something else, or of somebody else.

/** By id: what the token was made for. */
const PURPOSES = {
  "CVE-2026-105785": ["verify-email", "share-link"],
  "CVE-2021-37693": ["email-verification", "confirm_new_email"],
  "CVE-2025-69614": ["activation", "invite", "magic-link"],
};

flaws(PURPOSES, (purposes, id) => {
  const raw = randomKey();
  const token = Buffer.from(raw).toString("base64url");
  const otherDigests = (purpose: string) => {
    const digest = (text: string | Uint8Array) => createHash("sha256").update(text).digest("hex");
    const prefixed = (prefix: string) => digest(Buffer.concat([Buffer.from(prefix), raw]));
    return [
      digest(raw),
      digest(token),
      digest(Buffer.from(raw).toString("hex")),
      prefixed(`${purpose}\0`),
      prefixed(`relatch/v1/${purpose}\0`),
      prefixed("relatch/v1/fingerprint\0"),
      prefixed("relatch/v1/session\0"),
    ];
  };

  test("the same table may hold tokens for other purposes: they open nothing", async () => {
    const app = harness();
    const good = { userId: "42", fingerprint: referenceFingerprint(raw, MIKE as never) };
    const expiresAt = new Date(app.clock.now + 1000);
    for (const tokenHash of purposes.flatMap(otherDigests)) {
      await app.tokens.save({ ...good, tokenHash, expiresAt });
      await expectRefused(app, token);
    }
    // Or it would have been the record that is wrong.
    await app.tokens.save({ ...good, tokenHash: referenceTokenHash(raw), expiresAt });
    expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: true, userId: "42" });
  });

  test("nor does a record whose digest is right, bound for another purpose", async () => {
    const app = harness();
    const record = {
      tokenHash: referenceTokenHash(raw),
      userId: "42",
      expiresAt: new Date(app.clock.now + 1000),
    };
    for (const fingerprint of [...purposes.flatMap(otherDigests), "", "0".repeat(64)]) {
      await app.tokens.save({ ...record, fingerprint: fingerprint || "0" });
      await expectRefused(app, token);
    }
  });

  test("nor does what the same key has signed for another purpose", async () => {
    const key = randomKey();
    const app = harness({ tokens: signedTokens({ keys: [key] }) });
    const made = { key, state: MIKE as never, expiresAt: app.clock.now + 1000 };
    for (const purpose of purposes) {
      for (const macPrefix of ["", `${purpose}\0`, `relatch/v1/${purpose}\0`, "relatch/v1/bind\0"]) {
        await expectRefused(app, referenceSignedToken({ ...made, macPrefix }));
      }
    }
    expect(await app.passwordReset.verifyToken(referenceSignedToken(made))).toMatchObject({ ok: true });
  });

  overRoutes("nor over HTTP", async (app) => {
    const fingerprint = referenceFingerprint(raw, MIKE as never);
    const [tokenHash = ""] = purposes.flatMap(otherDigests);
    await app.tokens.save({
      tokenHash,
      userId: "42",
      fingerprint,
      expiresAt: new Date(app.clock.now + 1000),
    });
    await app.client.get(`${RESET}/${token}`);
    await app.client.post(`${RESET}/${token}`, both(newPassword));
    expect((await app.client.json(COMPLETE, { token, password: newPassword })).status).toBe(400);
    expect(app.users.get("42")).toEqual(MIKE);
  });

  if (id === "CVE-2021-37693") {
    test("what is left over can be revoked", async () => {
      const app = harness();
      const left = await app.requestToken();
      await app.passwordReset.revokeTokens("42");
      await expectRefused(app, left);
    });
  }
});

/** By id: how the form named somebody else. */
const NAMED = {
  "CVE-2025-50433": { email: JANE.email, username: JANE.email, account: JANE.email, login: "jane" },
  "GHSA-93x3-m7pw-ppqm": { userId: "43", user_id: "43", id: "43", uid: "43", verify_user_id: "43" },
  "CVE-2023-26481": {
    user: "43",
    uid_field: JANE.email,
    pending_user: "43",
    identifier: JANE.email,
    pk: "43",
  },
};

flaws(NAMED, (extra) => {
  const accounts = [MIKE, JANE];
  const expectMikes = async (app: Harness, password: string) => {
    expect(app.users.get("43")).toEqual(JANE);
    const hash = app.users.get("42")?.passwordHash ?? "";
    expect(await app.hasher.verify(hash, password)).toBe(true);
  };

  test("only the account of the link is changed", async () => {
    const app = harness({ accounts });
    const token = await app.requestToken();
    await app.requestToken(JANE.email);
    const write = vi.spyOn(app.users, "replacePasswordHash");
    const input = { ...extra, token, newPassword };
    expect(await app.passwordReset.completeReset(input)).toMatchObject({ userId: "42" });
    expect(write.mock.calls.map(([{ userId, email }]) => [userId, email])).toEqual([["42", MIKE.email]]);
    await expectMikes(app, newPassword);
  });

  test("not even a store that answers another account changes that", async () => {
    const app = harness({ accounts });
    const token = await app.requestToken();
    app.users.findById = async () => JANE;
    await expect(app.passwordReset.completeReset({ token, newPassword })).rejects.toMatchObject({
      code: "ERR_USER_STORE",
    });
    expect(app.users.get("43")).toEqual(JANE);
  });

  const ways: [
    string,
    (app: Harness & { client: import("../../e2e/client.ts").Client }, token: string) => Promise<unknown>,
  ][] = [
    [
      "by the page",
      async ({ client }, token) => {
        const query = String(new URLSearchParams(extra));
        const form = await client.follow(await client.get(`${RESET}/${token}?${query}`));
        const fields = { ...extra, ...both(newPassword), handle: handleIn(form) };
        return client.post(`${FORM}?${query}`, fields);
      },
    ],
    [
      "by the link",
      ({ client }, token) => client.post(`${RESET}/${token}`, { ...extra, ...both(newPassword) }),
    ],
    ["as JSON", ({ client }, token) => client.json(COMPLETE, { ...extra, token, password: newPassword })],
  ];
  for (const [way, complete] of ways) {
    overRoutes(
      `nor over HTTP, ${way}`,
      async (app) => {
        await complete(app, await app.requestToken());
        await expectMikes(app, newPassword);
      },
      { accounts },
    );
  }
});

flaw("CVE-2015-2559", () => {
  const twins = [
    MIKE,
    { ...MIKE, id: "43", email: "twin@example.org" },
    { ...MIKE, id: "44", tenant: "blue" },
  ];

  test.each([
    ["stored", () => memoryTokens()],
    ["signed", () => signedTokens({ keys: [randomKey()] })],
  ])("accounts with the same hash share nothing: %s tokens", async (_, tokens) => {
    const app = harness({ accounts: twins, tokens: tokens() });
    const token = await app.requestToken();
    expect(await app.passwordReset.verifyToken(token)).toMatchObject({ userId: "42" });
    // Even for who can make the store say that the token is theirs.
    for (const twin of twins.slice(1)) {
      app.users.findById = async () => ({ ...twin, id: "42" });
      await expectRefused(app, token);
    }
  });

  test("who writes the table cannot turn a link of their own to somebody else", async () => {
    const app = harness({ accounts: twins });
    const token = await app.requestToken();
    const { find } = app.tokens;
    for (const { id } of twins.slice(1)) {
      app.tokens.find = async (hash) => ({ ...(await find(hash)), userId: id }) as TokenRecord;
      await expectRefused(app, token);
    }
  });

  const now = Date.UTC(2026, 0, 1);
  const expiresAt = now + 30 * 60_000;
  const key = randomKey();
  const raw = randomKey();
  /** Links that nobody issued, for an account of which this is known. */
  const makers: [
    string,
    Partial<PasswordResetOptions>,
    (app: Harness, state: ResetUser) => Promise<string>,
  ][] = [
    [
      "who can write to the store",
      {},
      async ({ tokens }, state) => {
        const fingerprint = referenceFingerprint(raw, { ...state, tenant: undefined });
        const tokenHash = referenceTokenHash(raw);
        await tokens.save({ tokenHash, userId: state.id, fingerprint, expiresAt: new Date(expiresAt) });
        return Buffer.from(raw).toString("base64url");
      },
    ],
    [
      "who holds a key",
      { tokens: signedTokens({ keys: [key] }) },
      async (_, state) => referenceSignedToken({ key, state: { ...state, tenant: undefined }, expiresAt }),
    ],
  ];

  test.each(makers)(
    "%s: no link for an account with a password, whose hash is bound in, but one for an account without",
    async (_who, options, make) => {
      const withPassword = harness(options);
      for (const passwordHash of [null, "", "x", `${MIKE.passwordHash} `]) {
        await expectRefused(withPassword, await make(withPassword, { ...MIKE, passwordHash }));
      }
      // With the users' table besides.
      const token = await make(withPassword, MIKE);
      expect(await withPassword.passwordReset.verifyToken(token)).toMatchObject({ ok: true });

      const none = { ...MIKE, passwordHash: null };
      const without = harness({ ...options, accounts: [none] });
      const own = await make(without, none);
      expect(await without.passwordReset.verifyToken(own)).toMatchObject({ ok: true, userId: MIKE.id });

      // Where no first password can be set there is nothing to be had.
      const { setFirstPasswordHash: _, ...users } = without.users;
      const closed = harness({ ...options, accounts: [none], users });
      expect(await closed.passwordReset.verifyToken(await make(closed, none))).toMatchObject({ ok: false });
    },
  );

  overRoutes(
    "nor over HTTP: a form of one link does not set the password of the other's account",
    async (app) => {
      const [mikes, twins_] = [await app.requestToken(), await app.requestToken("twin@example.org")];
      const form = await app.client.follow(await app.client.get(`${RESET}/${mikes}`));
      await app.client.get(`${RESET}/${twins_}`);
      await app.client.post(FORM, { ...both(newPassword), handle: handleIn(form) });
      expect([app.users.get("42"), app.users.get("43")]).toEqual(twins.slice(0, 2));
    },
    { accounts: twins },
  );
});
