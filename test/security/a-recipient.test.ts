import { canonicalEmail, type MailMessage, sessionStamp } from "relatch";
import { expect, vi } from "vitest";
import { type Harness, KEYS, MIKE } from "../helpers/harness.ts";
import { RESET } from "../system/http/contract/helpers.ts";
import { everyFlawOf, flaw, flawOverHttp, override, recipientsOf, signedJob } from "./helpers/flaw.ts";

// The email goes to the address on file of the one account that was meant, or nowhere.

const EVE = "eve@evil.example";
const NO_EMAIL = { subject: "", text: "", headers: {}, variables: { kind: "no_account", appName: "Acme" } } as const;
const UNLIMITED = { limits: { client: false, address: false } } as const;
const ask = ({ passwordReset }: Harness, email: unknown) => passwordReset.requestReset({ email, ip: null });

/** The mistake of half of this class: an address is searched for in whatever was sent. */
const searches = override((core) => ({
  requestReset({ email }) {
    const text = (typeof email === "string" ? email : JSON.stringify(email)).normalize("NFKC");
    return core.requestReset({ email: /[\w.-]+@[\w.-]+/.exec(text)?.[0] ?? MIKE.email, ip: null });
  },
}));

/** None of these is an address: nobody is looked up, and nothing is sent. */
async function expectNoAddresses(app: Harness, emails: readonly unknown[]): Promise<void> {
  const find = vi.spyOn(app.users, "findByEmail");
  for (const email of emails) {
    expect([email, await ask(app, email)]).toEqual([email, { ok: false, reason: "invalid_email" }]);
  }
  expect(await recipientsOf(app)).toEqual([]);
  expect(find).not.toHaveBeenCalled();
}

/** Compares as databases do that ignore case, accents and compatibility forms. */
const loose = (text: string): string =>
  text.normalize("NFKD").toUpperCase().toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

const MIKES = ["mıke@sinks", "mİke@sinks", "mi\u212ae@sinks", "mike@ſinks", "mike@sin\u212as", "mike@sınks"];
const LOOKALIKES = {
  "CVE-2019-19844": ["mike@sinks.example", ...MIKES.map((name) => `${name}.example`)],
  "GHSA-qw9g-7549-7wg5": ["julian@cure53.de", "julian@cüre53.de", "júlian@cure53.de", "ju\u0301lian@cure53.de"],
};
const foldsFirst = override((core) => ({
  requestReset: (input) => core.requestReset({ ...input, email: loose(input.email) }),
}));

for (const [id, [onFile = "", ...typed]] of Object.entries(LOOKALIKES)) {
  flaw(id, "A lookalike that a loose store finds gets no link", foldsFirst, async (app) => {
    const account = { ...MIKE, email: onFile };
    app.users.findByEmail = async (email) => (loose(email) === loose(onFile) ? account : undefined);
    for (const email of typed) {
      await ask(app, email);
      expect(canonicalEmail(email)).not.toBe(onFile);
    }
    expect(await recipientsOf(app)).toEqual([]);
    await ask(app, onFile.toUpperCase());
    expect(await recipientsOf(app)).toEqual([onFile]);
  });
}

const LISTS = [[MIKE.email, EVE], [EVE, MIKE.email], [MIKE.email], { 0: EVE, length: 1 }, { email: EVE }];

flaw("CVE-2023-7028", "requestReset takes one string, and no list or object", searches, (app) => {
  const objects = [new Set([EVE]), new String(EVE), Object.assign([EVE], { toString: () => MIKE.email })];
  return expectNoAddresses(app, [...LISTS, ...objects]);
});

flawOverHttp("CVE-2023-7028", "Adapters refuse lists and repeated fields", searches, async (app) => {
  const find = vi.spyOn(app.users, "findByEmail");
  const post = async (body: string, type = "application/x-www-form-urlencoded") => {
    const headers = { "Sec-Fetch-Site": "same-origin", "Content-Type": type };
    expect((await app.client.send("POST", RESET, { headers, body })).status, body).toBe(400);
  };
  for (const [first, second] of ["email", "email[]", "email%5B%5D", "email.0", "email%00"].map((name) => [
    `${name}=${MIKE.email}`,
    `${name}=${EVE}`,
  ])) {
    await post(`${first}&${second}`);
    await post(`${first},${EVE}`);
  }
  await post(`email[0]=${MIKE.email}&email[1]=${EVE}`);
  await post(`{"email":"${MIKE.email}","email":"${EVE}"}`, "application/json");
  for (const email of LISTS) await post(JSON.stringify({ email }), "application/json");
  expect(find).not.toHaveBeenCalled();
  await app.client.post(`${RESET}?email=${EVE}&email[]=${EVE}`, { email: MIKE.email });
  expect(await recipientsOf(app)).toEqual([MIKE.email]);
});

/** Separators of addresses, names and headers. */
const SEPARATORS = [...',;<>()[]"\\: \t\r\n\0\v\f\u0085\u2028\u2029', "\r\nBcc: ", "%0d%0a\r", "@", " @"];

flaw("CVE-2022-35924", "Two addresses in one string are refused", searches, (app) =>
  expectNoAddresses(
    app,
    SEPARATORS.flatMap((separator) => [
      `${EVE}${separator}${MIKE.email}`,
      `${MIKE.email}${separator}${EVE}`,
      `mike${separator}x@example.org`,
      `mike@${separator}example.org`,
      `"${EVE}"${separator}<${MIKE.email}>`,
    ]),
  ),
);

/** Characters that a form of Unicode turns into a separator; the last two only names of hosts do (UTS #46). */
const SPECIAL = Array.from({ length: 0x10ff80 }, (_, nth) => String.fromCodePoint(0x80 + nth))
  .filter((character) => /[@.,;<>()[\]"\\: ]/.test(character.normalize("NFKD")))
  .concat("\u3002", "\uff61");

flaw("CVE-2026-73420", "Characters that normalize to separators are refused", searches, async (app) => {
  expect(SPECIAL).toEqual(expect.arrayContaining(["\uff20", "\ufe6b", "\uff0e", "\uff0c", "\ufe64"]));
  const locals = SPECIAL.flatMap((sign) => [`mike${sign}evil.example@x.org`, `mike${sign}example.org`]);
  const domains = SPECIAL.flatMap((sign) => [`mike@evil.example${sign}x.org`, `mike@example${sign}org`]);
  await expectNoAddresses(app, [...locals, ...domains]);
});

const QUOTED = ['"xclow3n@gmail.com x"@internal.domain', '"xclow3n@gmail.com"@internal.domain', '"a"@b.org'];

const queued = { options: { keys: KEYS }, mistake: searches };

flaw("CVE-2025-13033", "A quoted local part, typed or on file, gets no email", queued, async (app) => {
  await expectNoAddresses(app, QUOTED);
  app.users.findByEmail = async () => app.users.get("42");
  for (const email of QUOTED) {
    app.users.set({ ...MIKE, email });
    for (const typed of [MIKE.email, "xclow3n@gmail.com", "a@b.org"]) await ask(app, typed);
    const stamps = { previousStamp: "x", stamp: sessionStamp(MIKE), isCommitted: true };
    const job = { type: "follow_up", id: email, userId: MIKE.id, email, ...stamps };
    await app.passwordReset.deliver(signedJob(app, job));
  }
  expect(await recipientsOf(app)).toEqual([]);
  expect(app.happened()).toContain("request_skipped:unusable_address");
  expect(app.happened()).toContain("notice_skipped:unusable_address");
});

const FIELDS = ["to", "cc", "bcc", "send_to", "recipient", "mail", "user.email", "replyTo", "envelope"];
const ELSEWHERE = Object.fromEntries(FIELDS.map((name) => [name, EVE]));
const emailsElsewhere = override((core, app) => ({
  async requestReset(input) {
    await app.mailer.send({ ...NO_EMAIL, to: EVE }, {} as never);
    return core.requestReset(input);
  },
}));

flaw("CVE-2017-18908", "No other field of the input chooses a recipient", emailsElsewhere, async (app) => {
  const messages: [MailMessage, object][] = [];
  const { send } = app.mailer;
  app.mailer.send = (...args) => {
    messages.push(args);
    return send(...args);
  };
  const input = { ...ELSEWHERE, user: { email: EVE }, email: MIKE.email, ip: null };
  await app.passwordReset.requestReset(input);
  expect(await recipientsOf(app)).toEqual([MIKE.email]);
  const fields = ["from", "headers", "html", "subject", "text", "to", "variables"];
  expect(Object.keys(messages[0]?.[0] ?? {}).sort()).toEqual(fields);
  expect(JSON.stringify(messages)).not.toContain("evil");
  expect(JSON.stringify(messages[0]?.[1])).not.toContain("@");
});

const PADDED = ["mike@example.org ", " mike@example.org", "mike@example.org\u00a0", "mike@example.org\u3000"];
const trims = (app: Harness) => {
  const { set } = app.users;
  app.users.set = (user) => set({ ...user, email: user.email.trim() });
};
const trimming = { options: UNLIMITED, mistake: trims };

flaw("CVE-2008-4106", "A padded duplicate on file gets no email", trimming, async (app) => {
  app.users.findByEmail = async () => app.users.get("42");
  for (const email of PADDED) {
    app.users.set({ ...MIKE, email });
    await ask(app, MIKE.email);
  }
  expect(await recipientsOf(app)).toEqual([]);
});

flaw("CVE-2008-4106", "The store gets 254 characters at most", searches, async (app) => {
  const inner = ["mike@example.org            x", "mike @example.org", "mike@example.org\0x"];
  const long = [`${"a".repeat(65)}@example.org`, `${"é".repeat(33)}@example.org`, `a@${"b.".repeat(126)}c`];
  await expectNoAddresses(app, [...inner, ...long, `a@${"b.".repeat(2 ** 20)}c`]);
  for (const email of ["  mike@example.org\t\r\n", `${"a".repeat(64)}@${"b.".repeat(94)}c`]) await ask(app, email);
  await app.passwordReset.drain();
  const asked = vi.mocked(app.users.findByEmail).mock.calls.map(([email]) => email);
  expect(asked.map((email) => email.length)).toEqual([16, 254]);
  expect(asked.join("")).not.toMatch(/\s/);
});

const MALLORY = { ...MIKE, id: "66", email: EVE, name: MIKE.email };
const AMBIGUOUS: unknown[] = [[MIKE, MALLORY], [MIKE], MALLORY, [MIKE].values(), { rows: [MIKE, MALLORY] }];
const takesTheFirst = override((core, { users }) => ({
  async requestReset(input) {
    const found: unknown = await users.findByEmail(input.email, undefined);
    users.findByEmail = async () => (Array.isArray(found) ? found[0] : found);
    return core.requestReset(input);
  },
}));

flaw("GHSA-j9xq-j329-2xvg", "A store that finds several causes no email", takesTheFirst, async (app) => {
  for (const found of AMBIGUOUS) {
    app.users.findByEmail = async () => found as never;
    app.events.length = 0;
    app.clock.now += 60 * 60_000;
    expect(await ask(app, MIKE.email)).toEqual({ ok: true });
    expect(await recipientsOf(app)).toEqual([]);
    const told = app.happened().filter((what) => /^(?:delivery_failed|request_skipped):/.test(what));
    expect(new Set(told).size).toBe(1);
  }
});

const ALIASES = ["m.ike", "mike.", "mike+x", "mike+", "m-ike", "mike_"].flatMap((local) =>
  ["gmail.com", "googlemail.com", "example.org"].map((domain) => `${local}@${domain}`),
);
const foldsAliases = override((core) => ({
  requestReset: (input) =>
    core.requestReset({
      ...input,
      email: input.email.replace(/[.+].*(?=@)/, "").replace("googlemail", "gmail"),
    }),
}));

flaw("X20", "Aliases of some provider are different addresses", foldsAliases, async (app) => {
  const people = ALIASES.filter((email) => canonicalEmail(email));
  for (const email of people) app.users.set({ ...MIKE, id: email, email });
  for (const email of people) await ask(app, email);
  expect((await recipientsOf(app)).sort()).toEqual(people.sort());
  // A store that folds them gets nobody the link of another person.
  app.users.findByEmail = async () => ({ ...MIKE, email: "mike@gmail.com" });
  app.clock.now += 60 * 60_000;
  for (const email of ALIASES) await ask(app, email);
  expect(await recipientsOf(app)).toHaveLength(people.length);
});

everyFlawOf("a-recipient");
