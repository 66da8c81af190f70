import type { MailContext, MailMessage, PasswordResetOptions } from "relatch";
import { standardMessages } from "relatch/messages";
import { afterAll, beforeAll, expect } from "vitest";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { harness, MIKE } from "../helpers/harness.ts";
import { answeringLines, closeAll, mailerTo, startServer } from "../system/email/smtp-servers.ts";
import type { Emails, Post } from "./helpers/email.ts";
import {
  emailsOf,
  HEADER_WORDS,
  INVISIBLE,
  invisible,
  LINE_BREAKS,
  LINKS,
  MARKUP,
  madeNames,
  SENDER,
  shapeOf,
  startPost,
} from "./helpers/email.ts";
import { everyFlawOf, flaw, flawIn, LONG, override, recipientsOf } from "./helpers/flaw.ts";

// A string that somebody else chose, or sent, stays a word in an email: never an element, a header or a link.

const some = (names: readonly string[]) => names.filter((_, nth) => LONG || nth % 4 === 0);

let post: Post;
let plain: Emails;
beforeAll(async () => {
  post = await startPost();
  plain = await emailsOf(post, {});
});
afterAll(async () => {
  await post?.close();
  await closeAll();
});

type Chosen = Omit<Partial<PasswordResetOptions>, "appName"> & { name?: string; appName?: string };

/** The application's name comes from data, such as the name of a tenant, because a constant is the developer's own. */
const asData = ({ appName, ...chosen }: Chosen) => (appName ? { ...chosen, appName: () => appName } : chosen);

/** Expects both emails to be as they are for everybody: one link in the first, none in the notice. */
async function expectPlain(chosen: Chosen): Promise<Emails> {
  const emails = await emailsOf(post, asData(chosen));
  const { link, reset, notice } = emails;
  const links = { targets: [link], linkLike: { subject: [], text: [link], html: [link] } };
  expect([chosen, shapeOf(reset)]).toEqual([chosen, { ...shapeOf(plain.reset), ...links }]);
  expect([chosen, shapeOf(notice)]).toEqual([chosen, shapeOf(plain.notice)]);
  for (const { parsed } of [reset, notice]) {
    expect(invisible(`${parsed.subject}${parsed.text}`.replaceAll(/[\n\u2068\u2069]/g, ""))).toEqual([]);
  }
  return emails;
}

type Wording = (words: string | undefined) => Pick<PasswordResetOptions, "messages">;
/** The mistake: a message that writes what somebody chose as it is. */
const careless: Wording = (words = "") => ({
  messages: {
    async resetLink(input) {
      const { subject, text, html = "" } = await standardMessages().resetLink(input);
      return { subject, text: `${words} ${text}`, html: html.replace("</p>", () => `${words}</p>`) };
    },
  },
});
const wordings = [(): Wording => () => ({}), (): Wording => careless] as const;

/** By id: whose names make what of an email. */
const NAMES: Record<string, [title: string, chosen: Chosen[]]> = {
  "CVE-2022-1274": ["The name of a user makes no element", some(MARKUP).map((name) => ({ name }))],
  "CVE-2017-18892": ["The application's name makes no element", some(MARKUP).map((appName) => ({ appName }))],
  "CVE-2024-55224": [
    "A name is never a link or a control character",
    some([...LINKS, ...INVISIBLE]).map((name) => ({ name })),
  ],
  "CVE-2026-82661": [
    "A line break in a name makes no header",
    some([...LINE_BREAKS, ...HEADER_WORDS]).map((name) => ({ name, appName: `A${name}` })),
  ],
};

for (const [id, [title, all]] of Object.entries(NAMES)) {
  flawIn(id, title, wordings, async (worded) => {
    for (const chosen of all) {
      const { reset } = await expectPlain({ ...chosen, ...worded(chosen.name ?? chosen.appName) });
      if (chosen.appName && chosen.name) expect(reset.parsed.subject).toMatch(/^Reset your A.{0,150} password$/);
      if (!chosen.appName) continue;
      // A constant may look like a link. It makes no element, header or target either.
      const constant = shapeOf((await emailsOf(post, { ...chosen, ...worded(chosen.name ?? chosen.appName) })).reset);
      const { linkLike: _, ...due } = { ...shapeOf(plain.reset), targets: [expect.stringMatching(/^https:\/\/app\./)] };
      expect([chosen, constant]).toEqual([chosen, { ...due, linkLike: expect.anything() }]);
    }
  });
}

flawIn("CVE-2024-55224", "A name is in the greeting only, and escaped", wordings, async (worded) => {
  const name = "<b>Mike & \u202e\u0007Söhne";
  const { reset } = await emailsOf(post, { name, ...worded(name) });
  expect(reset.parsed.html).toContain("Hi &#60;b&#62;Mike &#38; Söhne,");
  expect(reset.parsed.text?.split("\n")[0]).toBe("Hi <b>Mike & Söhne,");
  expect(JSON.stringify(reset.parsed.headers)).not.toContain("Mike");
});

const made = () => madeNames(LONG ? 5000 : 100).map((name) => ({ name }));

flawIn("X19", "A name made of such pieces changes no email", wordings, async (worded) => {
  for (const chosen of made()) await expectPlain({ ...chosen, ...worded(chosen.name) });
});

flawIn("X19", "A name that is a message greets nobody", wordings, async (worded) => {
  const phishing = [
    "URGENT: call 0800 123 45 67 to keep your account",
    "Mike, email your password to eve@evil.example",
  ];
  for (const name of [...some(LINKS), ...phishing]) {
    const { reset } = await expectPlain({ name, ...worded(name) });
    // Harmless words may stay.
    expect(reset.parsed.text?.split("\n")[0]).toMatch(/^(?:Hello|Hi evil ?\. ?com),$/);
  }
  const long = "Your password was changed by an administrator and you have to tell us the old one";
  for (const name of ["Mike", "Anna-Maria O'Neill", "Dr. J. R. R. Tolkien", "李 小龍", "Zoë 🐴", long]) {
    const { reset } = await expectPlain({ name, ...worded(name) });
    expect(reset.parsed.text?.split("\n")[0]).toBe(`Hi ${name.slice(0, 64).trim()},`);
  }
});

const URLS = [
  "?a=1&b=2&lt;=3&amp;x",
  '?q="><script>alert(1)</script>',
  "?q='><img/src=x/onerror=alert(1)>",
  "#</a><h1>x</h1>",
  "/<b>/`",
  "/{{7*7}}/$&",
];

flawIn("GHSA-4hmq-ggrm-qfc6", "A resetUrl is one link and no markup", wordings, async (worded) => {
  for (const end of URLS) {
    const { reset } = await emailsOf(post, {
      resetUrl: () => `https://app.example.com/:token${end}`,
      ...worded(end),
    });
    const { tree, targets, headers } = shapeOf(reset);
    expect([tree, headers]).toEqual([shapeOf(plain.reset).tree, shapeOf(plain.reset).headers]);
    expect(targets).toEqual([expect.stringMatching(/^https:\/\/app\.example\.com\/[^\s"<>]*$/)]);
    expect(reset.parsed.text?.split("\n")).toContain(targets[0]);
  }
  for (const end of ["\r\nBcc: eve@evil.example", "\n", "\t", "\u2028", "\0", " "]) {
    expect(() => harness({ resetUrl: `https://app.example.com/:token?${end}` })).toThrow(WRONG_OPTIONS);
  }
});

// ── Headers, commands, recipients ─────────────────────────────────────────────────────────────────────────

/** Returns everything that a mail server is told before the email itself. */
async function commandsFor(name: string, from: string): Promise<string> {
  const said: string[] = [];
  const port = await startServer((socket) => {
    socket.on("data", (chunk) => said.push(chunk.toString("latin1")));
    answeringLines({})(socket);
  });
  const app = harness({ accounts: [{ ...MIKE, name }], mailer: mailerTo(port), from: SENDER, appName: `A${name}` });
  if (from) app.users.set({ ...MIKE, email: from });
  await app.passwordReset.requestReset({ email: from || MIKE.email, ip: null, locale: name });
  await app.passwordReset.drain();
  const lines = said.join("").split("\r\n");
  return lines.slice(0, lines.indexOf("DATA") + 1).join("\n");
}

const senders = [() => "", () => "eve@evil.example"] as const;

flawIn("CVE-2026-82853", "Names are never commands to a mail server", senders, async (from) => {
  for (const words of ["Acme", ...LINE_BREAKS.slice(0, 12)]) {
    const due = /^EHLO \S+\nMAIL FROM:<no-reply@acme\.example>\nRCPT TO:<mike@example\.org>\nDATA$/;
    expect(await commandsFor(words, from)).toMatch(due);
  }
});

/** The mistake: the message is handed over with what the request says. */
const addsEnvelope = override((core, { mailer }) => ({
  async requestReset(input) {
    const { send } = mailer;
    mailer.send = (message, about) => send({ ...message, envelope: { to: "eve@evil.example" } } as never, about);
    return core.requestReset(input);
  },
}));

const enveloped = { options: { from: SENDER }, mistake: addsEnvelope };

flaw("CVE-2026-82854", "A mailer gets frozen strings, and no envelope", enveloped, async (app) => {
  const envelope = { size: "1\r\nRCPT TO:<eve@evil.example>" };
  const seen: [MailMessage, MailContext][] = [];
  const { send } = app.mailer;
  app.mailer.send = async (...email) => {
    seen.push(email);
    await send(...email);
  };
  const input = { envelope, bcc: "eve@evil.example", dsn: {}, email: MIKE.email, ip: null };
  await app.passwordReset.requestReset(input);
  await app.passwordReset.drain();
  expect(JSON.stringify(app.mailer.sent)).not.toMatch(/evil|RCPT/);
  const [[message, about] = [{}, {}]] = seen;
  const fields = Object.entries(message).map(([key, value]) => `${key}: ${typeof value}`);
  const strings = ["from: string", "html: string", "subject: string", "text: string", "to: string"];
  expect(fields.sort()).toEqual([...strings, "headers: object", "variables: object"].sort());
  const { headers = {} } = message as Partial<MailMessage>;
  expect(Object.entries(headers).flat().join("\n")).toMatch(/^[\w-]+(\n[\w<>@., -]+)+$/);
  expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
  expect([Object.isFrozen(message), Object.isFrozen(about)]).toEqual([true, true]);
  expect(JSON.stringify(about)).not.toContain("@");
});

const HYPHENS = ["-X/tmp/x@example.org", "-oQ/tmp@example.org", "--@example.org", "-@example.org"];
/** The mistake: what is in front of an address is cut off. */
const trims = override((core) => ({
  requestReset: (input) =>
    core.requestReset({ ...input, email: input.email.replace(/^-+|[\r\n\u2028\u0085\0].*$/g, "") }),
}));

flaw("GHSA-48ww-j4fc-435p", "No recipient, sender or host starts with a hyphen", trims, async (app) => {
  app.users.findByEmail = async (email) => ({ ...MIKE, email });
  for (const email of HYPHENS) {
    const refused = { ok: false, reason: "invalid_email" };
    expect(await app.passwordReset.requestReset({ email, ip: null })).toEqual(refused);
    app.users.findByEmail = async () => ({ ...MIKE, email });
    await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
  }
  expect(await recipientsOf(app)).toEqual([]);
  expect(app.happened()).toContain("request_skipped:unusable_address");
  for (const from of ["-X@example.org", "Acme <-oQ@example.org>", "a@-example.org"]) {
    expect(() => harness({ from })).toThrow(WRONG_OPTIONS);
  }
});

flaw("CVE-2024-6923", "An address or a sender with a line break gets no email", trims, async (app) => {
  for (const tail of ["\r\nBcc: eve@evil.example", "\n", "\r", "\u2028", "\u0085x", "\0"]) {
    const email = `mike@example.org${tail}`;
    app.users.findByEmail = async () => ({ ...MIKE, email });
    for (const typed of [MIKE.email, `${email}x`]) await app.passwordReset.requestReset({ email: typed, ip: null });
    const from = `Acme${tail}Bcc: eve@evil.example <no-reply@acme.example>`;
    expect(() => harness({ from })).toThrow(WRONG_OPTIONS);
    app.clock.now += 60 * 60_000;
  }
  expect(await recipientsOf(app)).toEqual([]);
  expect(app.happened()).toContain("request_refused:invalid_email");
});

everyFlawOf("j-mail");
