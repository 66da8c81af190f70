import fc from "fast-check";
import { canonicalEmail, type MailMessage, type ResetUser, sessionStamp } from "relatch";
import { expect, test, vi } from "vitest";
import { RESET } from "../e2e/contract/helpers.ts";
import { harness, MIKE } from "../harness.ts";
import { overHttp, overRoutes } from "./helpers/adapters.ts";
import { flaw, flaws, flawsOf } from "./helpers/flaw.ts";
import { askBothWays, recipientsOf } from "./helpers/front.ts";
import { RUNS } from "./helpers/runs.ts";

// The mail goes to the address on file of the one account that was meant, or nowhere.

/** As databases compare that know neither case nor accent, nor compatibility characters. */
const loose = (text: string): string =>
  text.normalize("NFKD").toUpperCase().toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

const findLoosely =
  (...accounts: ResetUser[]) =>
  async (email: string) =>
    accounts.find((account) => loose(account.email) === loose(email));

/** None of these is an address: nobody is looked up, and nothing is sent. */
function areNone(emails: readonly unknown[], someOverHttp = emails): void {
  test("is no address: nobody is looked up, and nothing is sent", async () => {
    const app = harness();
    const find = vi.spyOn(app.users, "findByEmail");
    for (const email of emails) {
      const answer = await app.passwordReset.requestReset({ email, ip: null });
      expect([email, answer]).toEqual([email, { ok: false, reason: "invalid_email" }]);
    }
    expect(await recipientsOf(app)).toEqual([]);
    expect(find).not.toHaveBeenCalled();
  });

  overRoutes("nor by a form or by JSON", async (app) => {
    const find = vi.spyOn(app.users, "findByEmail");
    for (const email of someOverHttp) {
      const statuses = (await askBothWays(app.client, email)).map(({ status }) => status);
      expect([email, ...statuses]).toEqual([email, 400, 400]);
    }
    expect(await recipientsOf(app)).toEqual([]);
    expect(find).not.toHaveBeenCalled();
  });
}

const LOOKALIKES = {
  "CVE-2019-19844": {
    onFile: "mike@sinks.example",
    typed: ["mıke", "mİke", "mi\u212ae", "M\u0130KE"]
      .map((local) => `${local}@sinks.example`)
      .concat(["mike@ſinks.example", "mike@sin\u212as.example", "mike@sınks.example", "mike@sinkſ.example"]),
  },
  "GHSA-qw9g-7549-7wg5": {
    onFile: "julian@cure53.de",
    typed: ["julian@cüre53.de", "júlian@cure53.de", "ju\u0301lian@cure53.de", "julian@cu\u0308re53.de"],
  },
};

flaws(LOOKALIKES, ({ onFile, typed }) => {
  const account = { ...MIKE, email: onFile };

  test("a store that matches loosely gets nobody a link for a lookalike", async () => {
    const app = harness({ accounts: [account] });
    const find = vi.spyOn(app.users, "findByEmail").mockImplementation(findLoosely(account));
    for (const email of typed) await app.passwordReset.requestReset({ email, ip: null });
    expect(await recipientsOf(app)).toEqual([]);
    // Or it would have been for want of a match.
    const matches = await Promise.all(find.mock.results.map(({ value }) => value));
    expect(matches.filter(Boolean).length).toBeGreaterThan(0);
    await app.passwordReset.requestReset({ email: onFile.toUpperCase(), ip: null });
    expect(await recipientsOf(app)).toEqual([onFile]);
  });

  test("no lookalike has the canonical form of the victim", () => {
    for (const email of typed) expect(canonicalEmail(email)).not.toBe(onFile);
  });

  overRoutes(
    "nor by a form or by JSON",
    async (app) => {
      app.users.findByEmail = findLoosely(account);
      for (const email of typed) await askBothWays(app.client, email);
      expect(await recipientsOf(app)).toEqual([]);
      await app.client.post(RESET, { email: onFile });
      expect(await recipientsOf(app)).toEqual([onFile]);
    },
    { accounts: [account] },
  );
});

flaw("CVE-2023-7028", () => {
  const [victim, eve] = [MIKE.email, "eve@evil.example"];
  const lists = [[victim, eve], [eve, victim], [victim], { 0: victim, 1: eve, length: 2 }, { email: victim }];
  const strange = [new Set([victim]), new String(victim), Object.assign([eve], { toString: () => victim })];
  areNone([...lists, ...strange], lists);

  overRoutes("nor a field that comes twice, with an index, or in the query", async (app) => {
    const find = vi.spyOn(app.users, "findByEmail");
    const post = (body: string, type = "application/x-www-form-urlencoded") => {
      const headers = { "Sec-Fetch-Site": "same-origin", "Content-Type": type };
      return app.client.send("POST", RESET, { headers, body });
    };
    for (const body of [
      `email=${victim}&email=${eve}`,
      `email[]=${victim}&email[]=${eve}`,
      `email%5B%5D=${victim}&email%5B%5D=${eve}`,
      `email[0]=${victim}&email[1]=${eve}`,
      `email[0]=${victim}`,
      `email.0=${victim}`,
      `email=${victim},${eve}`,
      `email=${victim}%00&email=${eve}`,
    ]) {
      expect((await post(body)).status, body).toBe(400);
    }
    const twice = `{"email":"${victim}","email":"${eve}"}`;
    expect((await post(twice, "application/json")).status).toBe(400);
    expect(await recipientsOf(app)).toEqual([]);
    expect(find).not.toHaveBeenCalled();
    await app.client.post(`${RESET}?email=${eve}&email[]=${eve}`, { email: victim });
    expect(await recipientsOf(app)).toEqual([victim]);
  });
});

/** What separates addresses, names and headers somewhere. */
const SEPARATORS = [...',;<>()[]"\\: \t\r\n\0\v\f\u0085\u2028\u2029', "\r\nBcc: ", "%0d%0a\r", "@", " @"];

/** What may be handed to a mail server: one @, and nothing that means more than itself in a header. */
const ONE_ADDRESS = /^[^@\s\p{Cc},;:<>()[\]"\\]+@[^@\s\p{Cc},;:<>()[\]"\\]+$/u;

flaw("CVE-2022-35924", () => {
  const pairs = SEPARATORS.flatMap((separator) => [
    `eve@evil.example${separator}mike@example.org`,
    `mike@example.org${separator}eve@evil.example`,
    `mike${separator}x@example.org`,
    `mike@example.org${separator}x`,
    `mike@${separator}example.org`,
    `"eve@evil.example"${separator}<mike@example.org>`,
  ]);
  areNone(
    pairs,
    pairs.filter((pair) => pair.startsWith("eve")),
  );

  test("whatever is typed and whatever is on file: a mailer gets one plain address", async () => {
    const unit = fc.oneof(
      fc.constantFrom(...SEPARATORS, "mike@example.org", "a", ".", "é", "\uff20", "\uff0c", "xn--"),
      fc.string({ unit: "grapheme", maxLength: 3 }),
    );
    const text = fc.array(unit, { maxLength: 6 }).map((units) => units.join(""));
    const recipients: string[] = [];
    await fc.assert(
      fc.asyncProperty(text, text, async (typed, onFile) => {
        const app = harness({ mailer: { send: async ({ to }) => recipients.push(to) } });
        app.users.findByEmail = async (email) => ({ ...MIKE, email: recipients.length % 2 ? onFile : email });
        await app.passwordReset.requestReset({ email: typed, ip: null });
        await app.passwordReset.requestReset({ email: onFile, ip: null });
        await app.passwordReset.drain();
      }),
      { numRuns: RUNS, examples: pairs.map((pair) => [pair, "mike@example.org"]) },
    );
    expect(recipients.length).toBeGreaterThan(10);
    expect(recipients.filter((to) => !ONE_ADDRESS.test(to))).toEqual([]);
  });
});

flaw("CVE-2026-73420", () => {
  const special = /[@.,;<>()[\]"\\: ]/;
  // No form of Unicode makes stops of these, but names of hosts do (UTS #46).
  const characters = ["\u3002", "\uff61"];
  for (let code = 0x80; code <= 0x10ffff; code++) {
    const character = String.fromCodePoint(code);
    if (special.test(character.normalize("NFKD"))) characters.push(character);
  }
  const known = ["\uff20", "\ufe6b", "\uff0e", "\uff0c", "\ufe64", "\u3002"];
  const placed = (character: string) => [
    `mike${character}evil.example@example.org`,
    `mike@evil.example${character}example.org`,
    `mike${character}example.org`,
    `mike@example${character}org`,
  ];
  areNone(characters.flatMap(placed), known.flatMap(placed));

  test("every form that is accepted is canonical, and stays one address in any form of Unicode", () => {
    expect(characters).toEqual(expect.arrayContaining(known));
    const odd = ["é", "e\u0301", "ı", "ß", "ſ", "日", "xn--mnchen-3ya", ...characters];
    const part = fc.oneof(
      { arbitrary: fc.constantFrom("mike", "a", "1", "+", ...odd.slice(0, 6)), weight: 9 },
      { arbitrary: fc.constantFrom(...odd), weight: 1 },
      { arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 }), weight: 1 },
    );
    const parts = fc.array(part, { minLength: 1, maxLength: 3 }).map((all) => all.join(""));
    let accepted = 0;
    fc.assert(
      fc.property(parts, parts, (local, domain) => {
        const canonical = canonicalEmail(`${local}@${domain}.example`);
        if (canonical === undefined) return;
        accepted += 1;
        expect(canonicalEmail(canonical)).toBe(canonical);
        expect(canonical).toMatch(ONE_ADDRESS);
        expect(canonical.normalize("NFKC").split("@")).toHaveLength(2);
        expect(canonical.split("@")[1]).toMatch(/^[a-z0-9.-]+$/);
      }),
      { numRuns: 20 * RUNS },
    );
    expect(accepted).toBeGreaterThan(RUNS);
  });
});

flaw("CVE-2025-13033", () => {
  const quoted = [
    '"xclow3n@gmail.com x"@internal.domain',
    '"xclow3n@gmail.com"@internal.domain',
    '"a"@b.org',
  ];
  areNone(quoted);

  test.each(quoted)("%s on file gets no link, and an event says so", async (onFile) => {
    const app = harness({ accounts: [{ ...MIKE, email: onFile }] });
    app.users.findByEmail = async () => app.users.get("42");
    for (const email of [MIKE.email, "xclow3n@gmail.com", "a@b.org"]) {
      await app.passwordReset.requestReset({ email, ip: null });
    }
    expect(await recipientsOf(app)).toEqual([]);
    expect(app.happened()).toContain("request_skipped:unusable_address");
  });

  test.each(quoted)("%s on file gets no notice of a change either", async (onFile) => {
    const app = harness({ accounts: [{ ...MIKE, email: onFile }] });
    const { id: userId, passwordHash } = MIKE;
    const job = { v: 1, id: "a", at: app.clock.now, type: "password_changed", userId, previousStamp: "x" };
    await app.passwordReset.deliver({ ...job, stamp: sessionStamp({ id: userId, passwordHash }) });
    expect(await recipientsOf(app)).toEqual([]);
    expect(app.happened()).toContain("notice_skipped:unusable_address");
  });
});

flaw("CVE-2017-18908", () => {
  const elsewhere = "eve@evil.example";
  const names = ["to", "cc", "bcc", "send_to", "recipient", "mail", "user", "address", "replyTo", "envelope"];
  const extra = Object.fromEntries(names.map((name) => [name, elsewhere]));

  /** As documented, and nothing besides. */
  async function expectPlainMail(mails: [MailMessage, object][]): Promise<void> {
    expect(mails.map(([{ to }]) => to)).toEqual([MIKE.email]);
    for (const [message, about] of mails) {
      expect(Object.keys(message).sort()).toEqual(["html", "subject", "text", "to"]);
      expect(JSON.stringify([message, about])).not.toContain("evil");
      expect(JSON.stringify(about)).not.toContain("@");
    }
  }

  test("no other field of the input says where the mail goes", async () => {
    const mails: [MailMessage, object][] = [];
    const app = harness({ mailer: { send: async (...mail) => mails.push(mail) } });
    const input = { ...extra, "user.email": elsewhere, user: { email: elsewhere } };
    await app.passwordReset.requestReset({ ...input, email: MIKE.email, ip: null });
    await app.passwordReset.drain();
    await expectPlainMail(mails);
  });

  const mails: [MailMessage, object][] = [];
  overRoutes(
    "nor of a form or of JSON",
    async (app) => {
      mails.length = 0;
      const query = new URLSearchParams(extra);
      await app.client.post(`${RESET}?${query}`, { ...extra, "user.email": elsewhere, email: MIKE.email });
      await app.passwordReset.drain();
      app.clock.now += 60_000;
      await expectPlainMail(mails.splice(0));
      await app.client.json(`${RESET}?${query}`, { ...extra, user: { email: elsewhere }, email: MIKE.email });
      await app.passwordReset.drain();
      await expectPlainMail(mails);
    },
    { mailer: { send: async (...mail) => mails.push(mail) } },
  );
});

flaw("CVE-2008-4106", () => {
  const padded = [
    "mike@example.org            x",
    "mike @example.org",
    "mike@ example.org",
    "mike@example.org\0x",
  ];
  const long = [`${"a".repeat(65)}@example.org`, `${"é".repeat(33)}@example.org`, `a@${"b.".repeat(126)}c`];
  areNone([...padded, ...long, `a@${"b.".repeat(2 ** 20)}c`], [...padded, ...long]);

  test("what reaches the store has no white space, and at most 254 characters", async () => {
    const app = harness();
    const find = vi.spyOn(app.users, "findByEmail");
    const typed = ["  mike@example.org\t\r\n", `${"a".repeat(64)}@${"b.".repeat(94)}c`, " a@b.c "];
    for (const email of typed) await app.passwordReset.requestReset({ email, ip: null });
    await app.passwordReset.drain();
    const asked = find.mock.calls.map(([email]) => email);
    expect(asked).toHaveLength(3);
    expect(asked.filter((email) => /\s/.test(email) || email.length > 254)).toEqual([]);
  });

  // Found all the same by a column that is compared without them.
  test.each(["mike@example.org ", " mike@example.org", "mike@example.org\u00a0", "mike@example.org\u3000"])(
    "a padded duplicate on file (%j) gets no mail",
    async (email) => {
      const app = harness({ accounts: [{ ...MIKE, email }] });
      app.users.findByEmail = async () => app.users.get("42");
      await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
      expect(await recipientsOf(app)).toEqual([]);
    },
  );
});

flaw("GHSA-j9xq-j329-2xvg", () => {
  const eve = { ...MIKE, id: "66", email: "eve@evil.example", name: MIKE.email };
  const ambiguous: [string, unknown][] = [
    ["both accounts", [MIKE, eve]],
    ["a list of one", [MIKE]],
    ["the other one, whose name it is", eve],
    ["an iterator", [MIKE, eve].values()],
    ["a result with rows", { rows: [MIKE, eve] }],
  ];

  test.each(ambiguous)("a store that answers %s: no mail, the same answer, an event", async (_, answer) => {
    const app = harness({ accounts: [MIKE, eve] });
    app.users.findByEmail = async () => answer as never;
    expect(await app.passwordReset.requestReset({ email: MIKE.email, ip: null })).toEqual({ ok: true });
    expect(await recipientsOf(app)).toEqual([]);
    const told = app.happened().filter((what) => /^(?:delivery_failed|request_skipped):/.test(what));
    expect(told).not.toEqual([]);
    expect(new Set(told).size).toBe(1);
  });

  overRoutes("nor does the visitor see a difference", async (app) => {
    const bodies = new Set<string>();
    for (const [, answer] of [["one", MIKE], ["none", undefined], ...ambiguous] as const) {
      app.users.findByEmail = async () => answer as never;
      for (const { status, body } of await askBothWays(app.client, MIKE.email))
        bodies.add(`${status} ${body}`);
      await app.passwordReset.drain();
      app.clock.now += 60 * 60_000;
    }
    expect(bodies.size).toBe(2);
    expect(await recipientsOf(app)).toEqual([MIKE.email]);
  });
});

flaw("X20", () => {
  const others = ["m.ike", "mike.", "mike+x", "mike+", "m-ike", "mike_"].flatMap((local) => [
    `${local}@gmail.com`,
    `${local}@googlemail.com`,
    `${local}@example.org`,
  ]);

  test("other spellings that a provider may read as one are other addresses", () => {
    const all = [...others, "mike@gmail.com", "mike@googlemail.com", "mike@example.org"];
    expect(new Set(all.map(canonicalEmail)).size).toBe(all.length);
  });

  test("even where the store folds them, the link goes to none of the others", async () => {
    const app = harness({ accounts: [{ ...MIKE, email: "mike@gmail.com" }] });
    app.users.findByEmail = async () => app.users.get("42");
    for (const email of others) await app.passwordReset.requestReset({ email, ip: null });
    expect(await recipientsOf(app)).toEqual([]);
  });

  const people = others.filter((email) => canonicalEmail(email)).map((email) => ({ email, password: "p" }));
  overHttp(
    "each has an account of its own, and its own link",
    async ({ app, client }) => {
      for (const { email } of people) await client.post(RESET, { email });
      const sent = (await app.mails()).map(({ to }) => to);
      expect(sent.sort()).toEqual(people.map(({ email }) => email).sort());
    },
    { people, limits: { client: { max: 100, windowSeconds: 60 } } },
  );
});

flawsOf("a-recipient");
