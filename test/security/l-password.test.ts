import { Argon2id, Bcrypt } from "oslo/password";
import { canonicalEmail, checkPassword, type PasswordHasher } from "relatch";
import { expect, vi } from "vitest";
import { GOOD_PASSWORD, type Harness, MIKE } from "../helpers/harness.ts";
import { both, COMPLETE, FORM, RESET } from "../system/http/contract/helpers.ts";
import { everyFlawOf, flaw, flawIn, flawOverHttp, override } from "./helpers/flaw.ts";
import { workOnLongStrings } from "./helpers/watch.ts";

// The password that was typed, all of it and as it was typed, is what the login asks for afterwards. Otherwise none
// is set.

const MEGABYTE = 2 ** 20;
const bcrypt = new Bcrypt({ cost: 4 });
const argon2id = new Argon2id({ memorySize: 64, iterations: 1 });

/** Asks for a link and sets this password with it. Returns the codes of a refusal. */
async function reset(app: Harness, newPassword: unknown): Promise<unknown> {
  app.clock.now += 60 * 60_000;
  const token = await app.requestToken();
  const result = await app.passwordReset.completeReset({ token, newPassword });
  if (!("violations" in result)) return result;
  // The link is still valid, and so is the old password.
  expect(app.users.get(MIKE.id)).toEqual(MIKE);
  expect(await app.passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
  return result.violations.map(({ code, params }) => [code, params]);
}
const hashOf = (app: Harness) => app.users.get(MIKE.id)?.passwordHash ?? "";

/** The mistake: a password is cut, or cleaned, before it is used. */
const edits = (edit: (password: string) => string) =>
  override((core) => ({
    completeReset: (input) => core.completeReset({ ...input, newPassword: edit(String(input.newPassword)) }),
  }));

const cut = edits((password) => password.slice(0, 20));
const LONG_FOR_BCRYPT = [
  "correct horse battery ".repeat(4).slice(0, 73),
  "é".repeat(37),
  "🐴".repeat(19),
  "ﬃ".repeat(25),
];
const withBcrypt = { options: { hasher: bcrypt, passwordRules: [] }, mistake: cut };

flaw("CVE-2025-22228", "bcrypt gets 72 bytes at most, and reads all of them", withBcrypt, async (app) => {
  for (const password of LONG_FOR_BCRYPT) {
    expect([password, await reset(app, password)]).toEqual([password, [["too_long", { maxBytes: 72 }]]]);
  }
  const password = "correct horse battery ".repeat(4).slice(0, 72);
  expect(await reset(app, password)).toMatchObject({ ok: true });
  const ends = ["", "!"].map((end) => bcrypt.verify(hashOf(app), `${password.slice(0, 71)}${end}`));
  // Why: a 73rd byte would not count.
  expect(await Promise.all([...ends, bcrypt.verify(hashOf(app), `${password}!`)])).toEqual([false, false, true]);
});

const LONG_PASSWORDS = [
  ...["x", " ", "é", "\ufdfa"].map((unit) => unit.repeat(MEGABYTE)),
  ...["🐴".repeat(MEGABYTE / 2), MIKE.email.repeat(70_000)],
];
/** The mistake: a password is normalized, and hashed, before its length is judged. */
const normalizes = override((core, { hasher }) => ({
  async completeReset(input) {
    await hasher.hash(input.newPassword.normalize());
    return core.completeReset(input);
  },
}));

flaw("CVE-2013-1443", "Nothing but the length of a megabyte is looked at", normalizes, async (app) => {
  const hash = vi.spyOn(app.hasher, "hash");
  const token = await app.requestToken();
  const work = await workOnLongStrings(async () => {
    for (const newPassword of LONG_PASSWORDS) {
      const result = await app.passwordReset.completeReset({ token, newPassword });
      expect(result).toMatchObject({ reason: "password_rejected", violations: [{ code: "too_long" }] });
      expect(await checkPassword(newPassword)).toMatchObject([{ code: "too_long" }]);
    }
  });
  expect(work).toEqual([]);
  expect(hash).not.toHaveBeenCalled();
  expect(await app.passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
});

/** The mistake: a body is read to its end, whatever its length. */
const readsAll = { mistake: { wrap: () => (_: unknown, response: { end(): unknown }) => response.end() } };

flawOverHttp("CVE-2014-9034", "Adapters read 16 KiB of a body and no more", readsAll as never, async (app) => {
  const token = await app.requestToken();
  const hash = vi.spyOn(app.hasher, "hash");
  const types = ["application/x-www-form-urlencoded", "application/json"];
  const password = "x".repeat(17 * 1024);
  const bodies: [path: string, type: string | undefined, body: string][] = [
    [`${RESET}/${token}`, types[0], String(new URLSearchParams(both(password)))],
    [FORM, types[0], String(new URLSearchParams(both("🐴".repeat(MEGABYTE / 8))))],
    [RESET, types[0], `email=${password}`],
    [RESET, types[1], JSON.stringify({ email: password })],
    [COMPLETE, types[1], JSON.stringify({ token, newPassword: password })],
  ];
  for (const [path, type = "", body] of bodies) {
    const headers = { "Sec-Fetch-Site": "same-origin", "Content-Type": type };
    for (const more of [{}, { "Transfer-Encoding": "chunked" }]) {
      const answer = await app.client.send("POST", path, { headers: { ...headers, ...more }, body });
      expect(answer.status).toBe(413);
    }
  }
  expect(hash).not.toHaveBeenCalled();
});

/** Addresses that make a pattern with more than one way to match take all of them. */
const SLOW_ADDRESSES = [
  ...["a".repeat(MEGABYTE), `${"a.".repeat(MEGABYTE / 2)}@example.org`, `a@${"a.".repeat(MEGABYTE / 2)}`],
  ...[`a@${"a-".repeat(MEGABYTE / 2)}!`, `${"=?".repeat(MEGABYTE / 2)}b?@example.org`, "@".repeat(MEGABYTE)],
  ...[`${" ".repeat(MEGABYTE)}mike@example.org`, `mike@example.org${"\t ".repeat(MEGABYTE / 2)}x`],
  ...[`"${"\\".repeat(MEGABYTE)}"@example.org`, `a@${"xn--".repeat(MEGABYTE / 4)}`],
  ...["e\u0301", "\u{1f434}"].map((unit) => `${unit.repeat(MEGABYTE / 2)}@example.org`),
];
const parsers = [() => canonicalEmail, () => (email: unknown) => canonicalEmail(String(email).trim())] as const;

flawIn("CVE-2023-36053", "An address is read in linear time, or not at all", parsers, async (parse) => {
  const work = await workOnLongStrings(async () => {
    for (const email of SLOW_ADDRESSES) expect(parse(email)).toBeUndefined();
  });
  expect(work).toEqual([]);
  for (const slow of SLOW_ADDRESSES) {
    const [normalize, exec] = [vi.spyOn(String.prototype, "normalize"), vi.spyOn(RegExp.prototype, "exec")];
    parse(slow.slice(0, 320));
    const calls = normalize.mock.calls.length + exec.mock.calls.length;
    normalize.mockRestore();
    exec.mockRestore();
    expect(calls).toBeLessThan(2 * 320);
    // One that goes back and forth would not come to an end with these, not today.
    for (let nth = 0; nth < 100; nth++) parse(slow.slice(0, 320));
  }
});

const HASHES: PasswordHasher["hash"][] = [
  ...[async (password: string) => password, async () => "", async () => MIKE.passwordHash ?? ""],
  async (password) => ({ password }) as never,
];
/** The mistake: a store gets what was typed. */
const storesIt = override((core, { users }) => ({
  async completeReset(input) {
    const change = { userId: MIKE.id, email: MIKE.email, expected: "", next: input.newPassword };
    await users.replacePasswordHash(change);
    return core.completeReset(input);
  },
}));

flaw("CVE-2005-3112", "A password or an old hash is never stored", storesIt, async (app) => {
  const commit = vi.spyOn(app.users, "replacePasswordHash");
  const token = await app.requestToken();
  for (const hash of HASHES) {
    app.hasher.hash = hash;
    const completing = app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await expect(completing).rejects.toMatchObject({ code: "ERR_HASHER" });
  }
  expect(commit).not.toHaveBeenCalled();
  expect(app.users.get(MIKE.id)).toEqual(MIKE);
});

const MISSING = [undefined, null, "", [], {}, 0, false, true, 7, ["x".repeat(20)], { length: 20 }];
const stringifies = { options: { passwordRules: [] }, mistake: edits((password) => password || "undefined") };

flaw("CVE-2012-1168", "Without a password none is set, and the link stays valid", stringifies, async (app) => {
  for (const newPassword of [...MISSING, new String("x".repeat(20))]) {
    expect([newPassword, await reset(app, newPassword)]).toEqual([newPassword, [["required", {}]]]);
  }
});

const NULS = ["a quiet harbour\0at dawn", "a quiet harbour\0at noon", "\0\0\0\0\0\0\0\0", "a quiet harbour\0"];
const endsAtNul = edits((password) => password.replace(/\0.*/, "") || "a quiet harbour");

for (const [name, hasher] of Object.entries({ bcrypt, argon2id })) {
  const plan = { options: { hasher, passwordRules: [] }, mistake: endsAtNul };
  flaw("X14", `A password with a NUL byte is refused (${name})`, plan, async (app) => {
    for (const password of NULS) expect(await reset(app, password)).toEqual([["invalid_characters", {}]]);
  });
}

const SPELLINGS = [
  "caf\u00e9 au lait",
  "cafe\u0301 au lait",
  "ca\ufb00e au lait",
  " caf\u00e9  au lait\t",
  "ＣＡＦＥ au lait",
];
const composes = edits((password) => password.normalize("NFKC"));

flawOverHttp("X15", "The hasher gets exactly what was typed", composes, async (app) => {
  const got = vi.spyOn(app.hasher, "hash");
  for (const password of SPELLINGS) {
    for (const way of ["core", "form", "json"]) {
      app.clock.now += 60 * 60_000;
      const token = await app.requestToken();
      if (way === "core") await app.passwordReset.completeReset({ token, newPassword: password });
      if (way === "form") await app.visitor().post(`${RESET}/${token}`, both(password));
      if (way === "json") await app.visitor().json(COMPLETE, { token, newPassword: password });
    }
  }
  expect(got.mock.calls.flat()).toEqual(SPELLINGS.flatMap((password) => [password, password, password]));
});

const COMMON = (
  "password1 Password1 PASSWORD1 12345678 123456789 qwertyuiop iloveyou1 princess1 sunshine1 football1 1q2w3e4r " +
  "1qaz2wsx trustno1 superman1 baseball1 letmein1"
).split(" ");
const PERSONAL = "mike@example.org MIKE@EXAMPLE.ORG1 mikemike1 acmeacme Acme2026 1Mike2Acme".split(" ");

flaw("X16", "Common and personal passwords are refused", { mistake: { passwordRules: [] } }, async (app) => {
  for (const [code, passwords] of Object.entries({ common: COMMON, personal: PERSONAL })) {
    for (const password of passwords) {
      const due = expect.arrayContaining([[code, {}]]);
      expect([password, await reset(app, password)]).toEqual([password, due]);
    }
  }
});

everyFlawOf("l-password");
