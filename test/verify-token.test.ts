import { signedTokens } from "relatch";
import { memoryTokens } from "relatch/memory";
import { describe, expect, test, vi } from "vitest";
import { GOOD_PASSWORD, harness, MIKE } from "./harness.ts";
import { wrongOptions } from "./helpers/errors.ts";

const REFUSED = { ok: false, reason: "invalid_or_expired_token" };
const ANN = { id: "43", email: "ann@example.org", passwordHash: MIKE.passwordHash };
const HOUR = 3_600_000;

const kinds = {
  stored: () => memoryTokens(),
  signed: () => signedTokens({ keys: [new Uint8Array(32).fill(7)] }),
};

describe.each(Object.entries(kinds))("%s tokens", (kind, tokens) => {
  test("a fresh one is good, however often it is looked at", async () => {
    const { passwordReset, requestToken, clock, events } = harness({ tokens: tokens() });
    const token = await requestToken();
    for (let look = 0; look < 20; look++) {
      expect(await passwordReset.verifyToken(token)).toEqual({
        ok: true,
        userId: "42",
        expiresAt: new Date(clock.now + HOUR),
      });
    }
    const verified = { type: "token_verified", at: new Date(clock.now), userId: "42", tenant: undefined };
    expect(events.slice(-20)).toEqual(Array(20).fill(verified));
  });

  test.each([
    ["one millisecond before its hour is over", HOUR - 1, true],
    ["when it is over (CVE-2023-1976)", HOUR, false, "expired"],
    ["long after", 1000 * HOUR, false, "expired"],
    ["after the clock went back by the skew", -5 * 60_000, true],
    ["after the clock went back more than the skew", -5 * 60_000 - 1, false, "overlong"],
  ])("%s", async (_, passed, ok, reason?: string) => {
    const { passwordReset, requestToken, clock, happened } = harness({ tokens: tokens() });
    const token = await requestToken();
    clock.now += passed;
    expect(await passwordReset.verifyToken(token)).toMatchObject({ ok });
    // The expiry is not only the form's business (CVE-2026-39923).
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({ ok });
    const refusals = happened().filter((what) => what.startsWith("token_refused"));
    expect(refusals).toEqual(ok ? [] : Array(2).fill(`token_refused:${reason}`));
  });

  test.each([
    ["the password was changed elsewhere (CVE-2020-11027)", { passwordHash: "another" }, "account_changed"],
    ["the address was changed (CVE-2022-46177)", { email: "mike@elsewhere.example" }, "account_changed"],
    ["the address was changed in case alone", { email: "Mike@example.org" }, "account_changed"],
    ["the account was suspended (CVE-2024-39836)", { resetAllowed: false }, "not_allowed"],
    ["the account moved to another tenant", { tenant: "blue" }, "other_tenant"],
  ])("dies when %s", async (_, change, reason) => {
    const { passwordReset, requestToken, users, events } = harness({ tokens: tokens() });
    const token = await requestToken();
    users.set({ ...MIKE, ...change });
    expect(await passwordReset.verifyToken(token)).toEqual(REFUSED);
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
    expect(users.get("42")).toEqual({ ...MIKE, ...change });
    const refusal = { type: "token_refused", reason, userId: "42", at: expect.any(Date), tenant: undefined };
    expect(events.slice(-2)).toEqual([refusal, refusal]);
  });

  test("dies with its account", async () => {
    const { passwordReset, requestToken, users, happened } = harness({ tokens: tokens() });
    const token = await requestToken();
    users.delete("42");
    expect(await passwordReset.verifyToken(token)).toEqual(REFUSED);
    expect(happened()).toContain("token_refused:account_gone");
  });

  test("is none for an account that can set no first password, though it was mailed when it could", async () => {
    const shared = tokens();
    const none = { ...MIKE, passwordHash: null };
    const before = harness({ tokens: shared, accounts: [none] });
    const token = await before.requestToken();
    const { setFirstPasswordHash: _, ...users } = before.users;
    const { passwordReset, happened } = harness({ tokens: shared, users });
    expect(await before.passwordReset.verifyToken(token)).toMatchObject({ ok: true });
    expect(await passwordReset.verifyToken(token)).toEqual(REFUSED);
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
    expect(happened()).toEqual(["token_refused:no_password", "token_refused:no_password"]);
    expect(before.users.get("42")).toEqual(none);
  });

  test("is not another account's, even with the same hash (CVE-2015-2559)", async () => {
    const { passwordReset, requestToken, users } = harness({ tokens: tokens(), accounts: [MIKE, ANN] });
    const token = await requestToken(ANN.email);
    expect(await passwordReset.verifyToken(token)).toMatchObject({ userId: "43" });
    await passwordReset.completeReset({
      token,
      newPassword: GOOD_PASSWORD,
      userId: "42",
      email: MIKE.email,
    } as never);
    expect(users.get("42")).toEqual(MIKE);
  });

  test("asks for its tenant", async () => {
    const { passwordReset, requestToken } = harness({
      tokens: tokens(),
      accounts: [{ ...MIKE, tenant: "blue" }],
    });
    const token = await requestToken(MIKE.email, "blue");
    expect(await passwordReset.verifyToken(token, { tenant: "blue" })).toMatchObject({ ok: true });
    expect(await passwordReset.verifyToken(token, { tenant: "red" })).toEqual(REFUSED);
    expect(await passwordReset.verifyToken(token)).toEqual(REFUSED);
    await expect(passwordReset.verifyToken(token, { tenant: 1 as never })).rejects.toMatchObject({
      code: "ERR_OPTIONS",
    });
  });

  test("junk never reaches a store", async () => {
    const { passwordReset, requestToken, users, happened } = harness({ tokens: tokens() });
    const token = await requestToken();
    const findById = vi.spyOn(users, "findById");
    const junk: unknown[] = [
      ...[
        undefined,
        null,
        0,
        1,
        true,
        "",
        {},
        [],
        [token],
        { 0: token },
        new String(token),
        { $ne: null },
        Symbol("t"),
      ],
      ...[
        { toString: () => token },
        `${token} `,
        `${token}=`,
        token.slice(1),
        `'`,
        "%",
        "*",
        "a".repeat(1_000_000),
      ],
      ...["eyJhbGciOiJub25lIn0.eyJzdWIiOiI0MiJ9.", `${token.slice(0, -1)}é`, "__proto__", "a".repeat(43)],
    ];
    for (const input of junk) {
      expect(await passwordReset.verifyToken(input)).toEqual(REFUSED);
      expect(await passwordReset.completeReset({ token: input, newPassword: GOOD_PASSWORD })).toEqual(
        REFUSED,
      );
    }
    expect(findById).not.toHaveBeenCalled();
    const refusals = happened().filter((what) => what.startsWith("token_refused"));
    expect(refusals).toHaveLength(2 * junk.length);
    // The last one may be a token: the right length, the right letters.
    expect(new Set(refusals.slice(0, -2))).toEqual(new Set(["token_refused:malformed"]));
    expect(await passwordReset.verifyToken(token)).toMatchObject({ ok: true });
  });

  test("a record or signature that claims to live for ever is refused", async () => {
    const long = harness({ tokens: tokens() });
    const token = await long.requestToken();
    long.clock.now -= 24 * HOUR;
    expect(await long.passwordReset.verifyToken(token)).toEqual(REFUSED);
    expect(long.happened()).toContain("token_refused:overlong");
  });

  if (kind === "stored") {
    test("only the newest link works (CVE-2024-41890)", async () => {
      const { passwordReset, requestToken, clock } = harness();
      const first = await requestToken();
      clock.now += 60_000;
      const second = await requestToken();
      expect(second).not.toBe(first);
      expect(await passwordReset.verifyToken(first)).toEqual(REFUSED);
      expect(await passwordReset.verifyToken(second)).toMatchObject({ ok: true });
    });

    test("revokeTokens kills the link that is out", async () => {
      const { passwordReset, requestToken, happened } = harness();
      const token = await requestToken();
      await passwordReset.revokeTokens("42");
      expect(await passwordReset.verifyToken(token)).toEqual(REFUSED);
      expect(happened()).toContain("tokens_revoked");
    });

    test("nothing that the store holds can be used as a token (CVE-2023-36472)", async () => {
      const store = memoryTokens();
      const records: string[] = [];
      const save = store.save.bind(store);
      store.save = async (record) => {
        records.push(record.tokenHash, record.fingerprint);
        return save(record);
      };
      const { passwordReset, requestToken } = harness({ tokens: store });
      const token = await requestToken();
      expect(records.join()).not.toContain(token);
      for (const value of records) expect(await passwordReset.verifyToken(value)).toEqual(REFUSED);
      for (const value of records)
        expect(await passwordReset.verifyToken(value.slice(0, 43))).toEqual(REFUSED);
    });

    test.each([
      ["throws", () => Promise.reject(new Error("down"))],
      ["answers an array", async () => []],
      ["answers a string", async () => "row"],
      [
        "answers an expiry that is no Date (CVE-2026-18363)",
        async () => ({ tokenHash: "a", userId: "42", fingerprint: "b", expiresAt: "2099" }),
      ],
      [
        "answers an invalid Date",
        async () => ({ tokenHash: "a", userId: "42", fingerprint: "b", expiresAt: new Date("x") }),
      ],
      [
        "answers no user",
        async () => ({ tokenHash: "a", userId: "", fingerprint: "b", expiresAt: new Date() }),
      ],
    ])("a token store that %s is ERR_TOKEN_STORE", async (_, find) => {
      const { passwordReset, requestToken, tokens: store, users } = harness();
      const token = await requestToken();
      store.find = find as never;
      await expect(passwordReset.verifyToken(token)).rejects.toMatchObject({ code: "ERR_TOKEN_STORE" });
      const completion = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
      await expect(completion).rejects.toMatchObject({ code: "ERR_TOKEN_STORE" });
      expect(users.get("42")).toEqual(MIKE);
    });
  } else {
    test("all of a user's links live until the first is used; then all are dead", async () => {
      const { passwordReset, requestToken, clock, happened } = harness({ tokens: tokens() });
      const first = await requestToken();
      clock.now += 60_000;
      const second = await requestToken();
      expect(await passwordReset.verifyToken(first)).toMatchObject({ ok: true });
      expect(await passwordReset.completeReset({ token: first, newPassword: GOOD_PASSWORD })).toMatchObject({
        ok: true,
      });
      // There is nothing to clean up.
      expect(happened()).not.toContain("token_cleanup_failed");
      expect(await passwordReset.verifyToken(first)).toEqual(REFUSED);
      expect(await passwordReset.verifyToken(second)).toEqual(REFUSED);
    });

    test("cannot be revoked, and say so", async () => {
      const { passwordReset } = harness({ tokens: tokens() });
      await expect(passwordReset.revokeTokens("42")).rejects.toMatchObject({
        code: "ERR_TOKEN_STORE",
        message: "Signed tokens cannot be revoked before they expire.",
      });
    });

    test("forged ones cost no look-up", async () => {
      const { passwordReset, requestToken, users } = harness({ tokens: tokens() });
      const token = await requestToken();
      const findById = vi.spyOn(users, "findById");
      const flip = (at: number) => token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
      for (let at = 0; at < token.length - 1; at++)
        expect(await passwordReset.verifyToken(flip(at))).toEqual(REFUSED);
      expect(findById).not.toHaveBeenCalled();
    });
  }
});

test.each([[undefined], [null], [""], [7], [{}]])("revokeTokens(%j) is ERR_OPTIONS", async (userId) => {
  await expect(harness().passwordReset.revokeTokens(userId as string)).rejects.toEqual(
    wrongOptions("revokeTokens needs the id of a user, as a non-empty string"),
  );
});
