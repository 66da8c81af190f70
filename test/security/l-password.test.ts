import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Argon2id, Bcrypt } from "oslo/password";
import {
  breachedPassword,
  canonicalEmail,
  checkPassword,
  type PasswordHasher,
  passwordLength,
} from "relatch";
import { expect, onTestFinished, test, vi } from "vitest";
import { both, COMPLETE, errorAt, FORM, RESET, submit } from "../e2e/contract/helpers.ts";
import { GOOD_PASSWORD, type Harness, harness, MIKE } from "../harness.ts";
import { type Front, overRoutes } from "./helpers/adapters.ts";
import { flaw, flaws, flawsOf } from "./helpers/flaw.ts";
import { inOrder } from "./helpers/front.ts";
import { workOnLongTexts } from "./helpers/work.ts";

// The password that was typed, all of it, as it was typed, is what the login asks for afterwards: or none is set.

const MEGABYTE = 2 ** 20;
const bcrypt = new Bcrypt({ cost: 4 });
const argon2id = new Argon2id({ memorySize: 64, iterations: 1 });

/** Asks for a link and sets this password with it. */
async function reset(app: Harness, newPassword: unknown) {
  app.clock.now += 60 * 60_000;
  const token = await app.requestToken();
  return { token, result: await app.passwordReset.completeReset({ token, newPassword }) };
}

const codesOf = (result: Awaited<ReturnType<typeof reset>>["result"]): unknown =>
  "violations" in result ? result.violations.map(({ code, params }) => [code, params]) : result;

/** The link is still there, and so is the old password. */
async function expectUnspent(app: Harness, token: string): Promise<void> {
  expect(app.users.get(MIKE.id)).toEqual(MIKE);
  expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: true });
}

/** The form of a link, in a browser, and what it answers to a password. */
async function formOf(app: Front) {
  const token = await app.requestToken();
  const form = await app.client.follow(await app.client.get(`${RESET}/${token}`));
  return { token, send: (password: string) => submit(app.client, form, password) };
}

const LONG_FOR_BCRYPT = {
  "ASCII, 73 bytes": "correct horse battery ".repeat(4).slice(0, 73),
  "37 letters of two bytes": "é".repeat(37),
  "19 emoji of four": "🐴".repeat(19),
  "24 ligatures, which a hasher may take apart into 72 letters and more": "ﬃ".repeat(25),
};

flaw("CVE-2025-22228", () => {
  test.each(Object.entries(LONG_FOR_BCRYPT))("bcrypt never gets %s", async (_, password) => {
    const app = harness({ hasher: bcrypt, passwordRules: [] });
    const { token, result } = await reset(app, password);
    expect(codesOf(result)).toEqual([["too_long", { maxBytes: 72 }]]);
    await expectUnspent(app, token);
  });

  test("72 bytes it reads to the last", async () => {
    const password = "correct horse battery ".repeat(4).slice(0, 72);
    const app = harness({ hasher: bcrypt });
    expect((await reset(app, password)).result).toMatchObject({ ok: true });
    const hash = app.users.get(MIKE.id)?.passwordHash ?? "";
    expect(await bcrypt.verify(hash, password)).toBe(true);
    expect(await bcrypt.verify(hash, `${password.slice(0, 71)}!`)).toBe(false);
    // Why: the 73rd does not count.
    expect(await bcrypt.verify(hash, `${password}!`)).toBe(true);
  });

  test("Argon2id tells apart what bcrypt would not", async () => {
    const [one, other] = ["a", "b"].map((end) => `${"correct horse battery ".repeat(4)}${end}`) as [
      string,
      string,
    ];
    const app = harness({ hasher: argon2id });
    expect((await reset(app, one)).result).toMatchObject({ ok: true });
    const hash = app.users.get(MIKE.id)?.passwordHash ?? "";
    expect([await argon2id.verify(hash, one), await argon2id.verify(hash, other)]).toEqual([true, false]);
  });

  overRoutes(
    "over HTTP the form says so",
    async (app) => {
      const { token, send } = await formOf(app);
      const refused = await send(LONG_FOR_BCRYPT["19 emoji of four"]);
      expect([refused.status, errorAt(refused, "password")]).toEqual([
        400,
        expect.stringContaining("72 bytes"),
      ]);
      const json = await app.client.json(COMPLETE, { token, password: LONG_FOR_BCRYPT["ASCII, 73 bytes"] });
      expect([json.status, JSON.parse(json.body).violations[0].params]).toEqual([422, { maxBytes: 72 }]);
      await expectUnspent(app, token);
    },
    { hasher: bcrypt },
  );
});

const LONG_PASSWORDS = {
  letters: "x".repeat(MEGABYTE),
  "two bytes each": "é".repeat(MEGABYTE),
  emoji: "🐴".repeat(MEGABYTE / 2),
  blanks: " ".repeat(MEGABYTE),
  "a name again and again": MIKE.email.repeat(70_000),
  "what grows when it is normalised": "\ufdfa".repeat(MEGABYTE),
};

flaw("CVE-2013-1443", () => {
  test.each(Object.entries(LONG_PASSWORDS))(
    "a megabyte of %s: no hash, no rule, no look at it",
    async (_, password) => {
      const judged = vi.fn();
      const app = harness({ passwordRules: [judged] });
      const hash = vi.spyOn(app.hasher, "hash");
      const token = await app.requestToken();
      const work = await workOnLongTexts(async () => {
        const result = await app.passwordReset.completeReset({ token, newPassword: password });
        expect(result).toMatchObject({ reason: "password_rejected", violations: [{ code: "too_long" }] });
      });
      expect(work).toEqual([]);
      expect(judged).not.toHaveBeenCalled();
      expect(hash).not.toHaveBeenCalled();
      await expectUnspent(app, token);
    },
  );

  test("the control: what is done to a long text is seen", async () => {
    const text = LONG_PASSWORDS.letters;
    const work = await workOnLongTexts(async () => {
      text.normalize();
      [...text].length;
      new TextEncoder().encode(text);
      /[^x]/.test(text);
      text.length;
    });
    expect(work).toEqual([
      "String.normalize",
      "String.Symbol(Symbol.iterator)",
      "TextEncoder.encode",
      "RegExp.test",
    ]);
  });

  test("nor does a form for signing up look at one", async () => {
    const work = await workOnLongTexts(() => checkPassword(LONG_PASSWORDS.letters));
    expect(work).toEqual([]);
  });

  overRoutes("over HTTP it is not even read", async (app) => {
    const token = await app.requestToken();
    const hash = vi.spyOn(app.hasher, "hash");
    for (const password of [LONG_PASSWORDS.letters, LONG_PASSWORDS.emoji]) {
      expect((await app.client.post(`${RESET}/${token}`, both(password))).status).toBe(413);
      expect((await app.client.json(COMPLETE, { token, password })).status).toBe(413);
    }
    expect(hash).not.toHaveBeenCalled();
    await expectUnspent(app, token);
  });
});

flaw("CVE-2014-9034", () => {
  test.each([
    ["1024 characters pass", "correct horse ".repeat(80).slice(0, 1024), undefined],
    ["one more does not", "correct horse ".repeat(80).slice(0, 1025), [["too_long", { max: 1024 }]]],
    ["1024 emoji pass: they count as one each", "🐴".repeat(1024), undefined],
    ["one more does not", "🐴".repeat(1025), [["too_long", { max: 1024 }]]],
  ])("%s", async (_, password, violations) => {
    const app = harness();
    const { result } = await reset(app, password);
    expect(codesOf(result)).toEqual(violations ?? { ok: true, userId: MIKE.id, sessionsRevoked: true });
  });

  test("no option lifts the bound, and no rule is needed for it", async () => {
    expect(() => passwordLength({ max: 1_000_000 })).toThrow(/max/);
    const app = harness({ passwordRules: [] });
    const hash = vi.spyOn(app.hasher, "hash");
    const { result } = await reset(app, "x".repeat(8193));
    expect(codesOf(result)).toEqual([["too_long", { max: 4096 }]]);
    expect(hash).not.toHaveBeenCalled();
  });

  overRoutes("adapters read 16 KiB of a body and no more, whatever it says of its length", async (app) => {
    const token = await app.requestToken();
    const judge = vi.spyOn(app.hasher, "hash");
    const sameSite = { "Sec-Fetch-Site": "same-origin" };
    const form = { ...sameSite, "Content-Type": "application/x-www-form-urlencoded" };
    const json = { ...sameSite, "Content-Type": "application/json" };
    const password = "x".repeat(17 * 1024);
    const bodies: [string, Record<string, string>, string][] = [
      [`${RESET}/${token}`, form, String(new URLSearchParams(both(password)))],
      [FORM, form, String(new URLSearchParams(both(password)))],
      [RESET, form, `email=${password}`],
      [RESET, json, JSON.stringify({ email: password })],
      [COMPLETE, json, JSON.stringify({ token, password })],
    ];
    for (const [path, headers, body] of bodies) {
      expect((await app.client.send("POST", path, { headers, body })).status).toBe(413);
      const chunked = { ...headers, "Transfer-Encoding": "chunked" };
      expect((await app.client.send("POST", path, { headers: chunked, body })).status).toBe(413);
    }
    expect(judge).not.toHaveBeenCalled();
    await expectUnspent(app, token);
  });
});

/** What makes patterns with more than one way to match take all of them. */
const SLOW_ADDRESSES = [
  `${"a".repeat(MEGABYTE)}`,
  `${"a.".repeat(MEGABYTE / 2)}@example.org`,
  `a@${"a.".repeat(MEGABYTE / 2)}`,
  `a@${"a-".repeat(MEGABYTE / 2)}!`,
  `${"=?".repeat(MEGABYTE / 2)}b?@example.org`,
  `${" ".repeat(MEGABYTE)}mike@example.org`,
  `mike@example.org${"\t ".repeat(MEGABYTE / 2)}x`,
  "@".repeat(MEGABYTE),
  `"${"\\".repeat(MEGABYTE)}"@example.org`,
  `a@${"xn--".repeat(MEGABYTE / 4)}`,
  `${"e\u0301".repeat(MEGABYTE / 2)}@example.org`,
  `${"\u{1f434}".repeat(MEGABYTE / 2)}@example.org`,
];

flaw("CVE-2023-36053", () => {
  test("an address of a megabyte is not looked at", async () => {
    const app = harness();
    const work = await workOnLongTexts(async () => {
      for (const email of SLOW_ADDRESSES) {
        expect(canonicalEmail(email)).toBeUndefined();
        await app.passwordReset.requestReset({ email, ip: null });
      }
    });
    expect(work).toEqual([]);
    expect(new Set(app.happened())).toEqual(new Set(["request_refused:invalid_email"]));
  });

  test("and of one of 320 characters, each is looked at a few times", async () => {
    for (const slow of SLOW_ADDRESSES) {
      const email = slow.slice(0, 320);
      const normalize = vi.spyOn(String.prototype, "normalize");
      const patterns = vi.spyOn(RegExp.prototype, "exec");
      canonicalEmail(email);
      const calls = normalize.mock.calls.length + patterns.mock.calls.length;
      normalize.mockRestore();
      patterns.mockRestore();
      expect(calls).toBeLessThan(2 * 320);
    }
    // One that goes back and forth would not come to an end with these, not today.
    for (let nth = 0; nth < 100; nth++) for (const slow of SLOW_ADDRESSES) canonicalEmail(slow.slice(0, 320));
  });

  overRoutes("over HTTP it is not read", async (app) => {
    for (const email of SLOW_ADDRESSES.slice(0, 3)) {
      expect((await app.client.post(RESET, { email })).status).toBe(413);
      expect((await app.client.json(RESET, { email })).status).toBe(413);
    }
    const answers = await inOrder(
      SLOW_ADDRESSES.map((email) => () => app.client.post(RESET, { email: email.slice(0, 1300) })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]));
  });
});

flaw("CVE-2005-3112", () => {
  const clear: Record<string, PasswordHasher["hash"]> = {
    "answers the password": async (password) => password,
    "answers nothing": async () => "",
    "answers no string": async (password) => ({ password }) as never,
    "answers what was there before": async () => MIKE.passwordHash ?? "",
  };
  test.each(Object.entries(clear))("a hasher that %s: ERR_HASHER, and nothing is stored", async (_, hash) => {
    const app = harness({ hasher: { hash } });
    const commit = vi.spyOn(app.users, "replacePasswordHash");
    const token = await app.requestToken();
    await expect(
      app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD }),
    ).rejects.toMatchObject({ code: "ERR_HASHER" });
    expect(commit).not.toHaveBeenCalled();
    await expectUnspent(app, token);
  });

  test("what is stored is what the hasher answered, and no argument of a store holds the password", async () => {
    const app = harness({ hasher: argon2id });
    const given: unknown[] = [];
    for (const port of [app.users, app.tokens] as unknown as Record<
      string,
      (...args: unknown[]) => unknown
    >[]) {
      for (const [name, method] of Object.entries(port)) {
        port[name] = (...args) => {
          given.push(args);
          return method.apply(port, args);
        };
      }
    }
    expect((await reset(app, GOOD_PASSWORD)).result).toMatchObject({ ok: true });
    const all = JSON.stringify(given);
    expect(all).not.toContain(GOOD_PASSWORD);
    expect(all).not.toContain(Buffer.from(GOOD_PASSWORD).toString("hex"));
    expect(all).not.toContain(Buffer.from(GOOD_PASSWORD).toString("base64url"));
    const hash = app.users.get(MIKE.id)?.passwordHash ?? "";
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$[\w+/]+\$[\w+/]+$/);
    expect(await argon2id.verify(hash, GOOD_PASSWORD)).toBe(true);
  });

  overRoutes(
    "also over HTTP",
    async (app) => {
      const token = await app.requestToken();
      const commit = vi.spyOn(app.users, "replacePasswordHash");
      await app.client.post(`${RESET}/${token}`, both(GOOD_PASSWORD));
      expect(commit.mock.calls).toEqual([
        [
          {
            userId: MIKE.id,
            email: MIKE.email,
            expected: MIKE.passwordHash,
            next: expect.stringMatching(/^\$argon2id\$/),
          },
        ],
      ]);
    },
    { hasher: argon2id },
  );
});

flaw("CVE-2012-1168", () => {
  const missing = [
    undefined,
    null,
    "",
    [],
    {},
    0,
    false,
    true,
    7,
    ["x".repeat(20)],
    { length: 20 },
    new String("x".repeat(20)),
  ];

  test("no password at all sets none, and does not spend the link", async () => {
    const app = harness({ passwordRules: [] });
    const hash = vi.spyOn(app.hasher, "hash");
    const token = await app.requestToken();
    for (const newPassword of missing) {
      const result = await app.passwordReset.completeReset({ token, newPassword });
      expect([newPassword, codesOf(result)]).toEqual([newPassword, [["required", {}]]]);
    }
    expect(codesOf(await app.passwordReset.completeReset({ token } as never))).toEqual([["required", {}]]);
    expect(hash).not.toHaveBeenCalled();
    await expectUnspent(app, token);
  });

  overRoutes("nor does a form or JSON without it", async (app) => {
    const { token, send } = await formOf(app);
    expect((await send("")).status).toBe(400);
    const forms: [string, string][][] = [
      [],
      [["password", GOOD_PASSWORD]],
      [["password_confirmation", GOOD_PASSWORD]],
      [["password[]", GOOD_PASSWORD]],
      [["newPassword", GOOD_PASSWORD]],
      [...Object.entries(both(GOOD_PASSWORD)), ["password", GOOD_PASSWORD]],
    ];
    for (const form of forms) expect((await app.client.post(`${RESET}/${token}`, form)).status).toBe(400);
    for (const password of missing) {
      expect(
        (await app.client.json(COMPLETE, { token, password: password instanceof String ? [] : password }))
          .status,
      ).toBe(422);
    }
    expect((await app.client.json(COMPLETE, { token, newPassword: GOOD_PASSWORD })).status).toBe(422);
    await expectUnspent(app, token);
  });
});

const UNREADABLE = {
  X14: ["a quiet harbour\0at dawn", "a quiet harbour\0at noon", "\0\0\0\0\0\0\0\0", "a quiet harbour\0"],
};

flaws(UNREADABLE, (passwords) => {
  test.each(passwords)("%j is refused: some hashers would stop at the NUL", async (password) => {
    for (const hasher of [bcrypt, argon2id]) {
      const app = harness({ hasher, passwordRules: [] });
      const { token, result } = await reset(app, password);
      expect(codesOf(result)).toEqual([["invalid_characters", {}]]);
      await expectUnspent(app, token);
    }
  });

  overRoutes("nor by a form or by JSON", async (app) => {
    const { token, send } = await formOf(app);
    for (const password of passwords) {
      expect((await send(password)).status).toBe(400);
      const answer = await app.client.json(COMPLETE, { token, password });
      expect([answer.status, JSON.parse(answer.body).violations[0].code]).toEqual([
        422,
        "invalid_characters",
      ]);
    }
    await expectUnspent(app, token);
  });
});

flaw("X15", () => {
  const spellings = [
    "caf\u00e9 au lait",
    "cafe\u0301 au lait",
    "ca\ufb00e au lait",
    " caf\u00e9  au lait\t",
    "ＣＡＦＥ au lait",
  ];

  test("the hasher gets what was typed, code point by code point", async () => {
    const got: string[] = [];
    const app = harness();
    const hash = app.hasher.hash.bind(app.hasher);
    app.hasher.hash = (password) => {
      got.push(password);
      return hash(password);
    };
    for (const password of spellings) expect((await reset(app, password)).result).toMatchObject({ ok: true });
    expect(got).toEqual(spellings);
  });

  test("and so reset and login agree: oslo's hashers read both ways to write é as one", async () => {
    const [composed, decomposed] = spellings as [string, string];
    for (const hasher of [argon2id, bcrypt]) {
      const app = harness({ hasher });
      expect((await reset(app, composed)).result).toMatchObject({ ok: true });
      const hash = app.users.get(MIKE.id)?.passwordHash ?? "";
      expect(await hasher.verify(hash, decomposed)).toBe(true);
    }
    // One that does not, does not here either.
    const app = harness();
    await reset(app, composed);
    const hash = app.users.get(MIKE.id)?.passwordHash ?? "";
    expect([await app.hasher.verify(hash, composed), await app.hasher.verify(hash, decomposed)]).toEqual([
      true,
      false,
    ]);
  });

  overRoutes("also by a form and by JSON", async (app) => {
    const got = vi.spyOn(app.hasher, "hash");
    for (const password of spellings) {
      app.clock.now += 60 * 60_000;
      await app.visitor().post(`${RESET}/${await app.requestToken()}`, both(password));
      app.clock.now += 60 * 60_000;
      await app.visitor().json(COMPLETE, { token: await app.requestToken(), password });
    }
    expect(got.mock.calls.flat()).toEqual(spellings.flatMap((password) => [password, password]));
  });
});

flaw("X16", () => {
  const common = [
    ...[
      "password1",
      "Password1",
      "PASSWORD1",
      "12345678",
      "123456789",
      "qwertyuiop",
      "iloveyou1",
      "princess1",
    ],
    ...["sunshine1", "football1", "1q2w3e4r", "1qaz2wsx", "trustno1", "superman1", "baseball1", "letmein1"],
  ];
  const personal = [
    "mike@example.org",
    "MIKE@EXAMPLE.ORG1",
    "mikemike1",
    "acmeacme",
    "Acme2026",
    "1Mike2Acme",
  ];

  test.each([
    ["common", common],
    ["personal", personal],
  ])("%s passwords are refused by default, and the link stays", async (code, passwords) => {
    const app = harness();
    const token = await app.requestToken();
    for (const newPassword of passwords) {
      const result = await app.passwordReset.completeReset({ token, newPassword });
      expect([newPassword, codesOf(result)]).toEqual([newPassword, expect.arrayContaining([[code, {}]])]);
    }
    await expectUnspent(app, token);
  });

  test("so are the 10,000 commonest ones, whole", async () => {
    const { commonPasswords } = await import("../../src/common-passwords.ts");
    expect(commonPasswords.size).toBe(10_000);
    for (const password of [...commonPasswords].filter((_, nth) => nth % 50 === 0)) {
      const violations = await checkPassword(password.toUpperCase());
      expect([password, violations.map(({ code }) => code)]).toEqual([
        password,
        expect.arrayContaining(["common"]),
      ]);
    }
  });

  /** A service of breached passwords that knows all of them, or is down. */
  async function service(isUp: boolean): Promise<string> {
    const server = createServer((_, response) => {
      if (!isUp) return response.writeHead(503).end();
      const lines = Array.from({ length: 16 }, () => "");
      return response.end(`${lines.map(() => "0".repeat(35)).join(":1\r\n")}:1`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close().closeAllConnections());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  test("a service of breached passwords that is down: allowed with an event, or refused by option", async () => {
    const endpoint = await service(false);
    const allowing = harness({ passwordRules: [breachedPassword({ endpoint })] });
    expect((await reset(allowing, GOOD_PASSWORD)).result).toMatchObject({ ok: true });
    expect(allowing.happened()).toContain("password_check_unavailable:allowed");

    const refusing = harness({ passwordRules: [breachedPassword({ endpoint, onUnavailable: "refuse" })] });
    const { token, result } = await reset(refusing, GOOD_PASSWORD);
    expect(codesOf(result)).toEqual([["breach_check_unavailable", {}]]);
    expect(refusing.happened()).toContain("password_check_unavailable:refused");
    await expectUnspent(refusing, token);

    const answering = harness({ passwordRules: [breachedPassword({ endpoint: await service(true) })] });
    expect((await reset(answering, GOOD_PASSWORD)).result).toMatchObject({ ok: true });
    expect(answering.happened().join()).not.toContain("unavailable");
  });

  overRoutes("over HTTP the form says so", async (app) => {
    const { token, send } = await formOf(app);
    for (const [password, words] of [
      ["password1", /most common/],
      ["mikemike1", /too close/],
      ["acmeacme", /too close/],
    ] as const) {
      const refused = await send(password);
      expect([refused.status, errorAt(refused, "password")]).toEqual([400, expect.stringMatching(words)]);
      expect((await app.client.json(COMPLETE, { token, password })).status).toBe(422);
    }
    await expectUnspent(app, token);
  });
});

flawsOf("l-password");
