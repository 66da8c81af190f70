import { type MailContext, type MailMessage, RelatchError } from "relatch";
import { type NodemailerTransport, nodemailerMailer } from "relatch/nodemailer";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { RESET } from "../e2e/contract/helpers.ts";
import { type Harness, harness, MIKE } from "../harness.ts";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { answeringLines, closeAll, mailerTo, startServer } from "../mailers/smtp-servers.ts";
import { overRoutes } from "./helpers/adapters.ts";
import { kinds } from "./helpers/answers.ts";
import { flaw, flaws, flawsOf } from "./helpers/flaw.ts";
import { recipientsOf } from "./helpers/front.ts";
import { HEADER_WORDS, INVISIBLE, LINE_BREAKS, LINKS, MARKUP } from "./helpers/hostile.ts";
import { invisible, linkLike, type MailShape, shapeOf } from "./helpers/mail-shape.ts";
import { type Chosen, type Mails, mailsOf, type Post, startPost } from "./helpers/post.ts";
import { LONG } from "./helpers/runs.ts";

// What somebody else chose, or sent, stays a word in a mail: no element, no header, no recipient, no link.
// mail-content.test.ts does the same with many more names, and reads the mails as a browser does.

/** Some of them here; all of them are in mail-content.test.ts. */
const some = (names: readonly string[]) => names.filter((_, nth) => LONG || nth % 4 === 0);

/** A time at which a request is not counted together with the one before. */
async function anHourLater({ passwordReset, clock }: Harness): Promise<void> {
  await passwordReset.drain();
  clock.now += 60 * 60_000;
}

const ACME = "Acme <no-reply@acme.example>";

let post: Post;
let plain: Mails;
beforeAll(async () => {
  post = await startPost();
  plain = await mailsOf(post, {});
});
afterAll(() => post?.close());
afterEach(closeAll);

/** The shape of the mail to Mike of Acme, with this link. */
const shapeWith = (link: string): MailShape => {
  const shape = shapeOf(plain.reset);
  return { ...shape, targets: [link], linkLike: { subject: [], text: [link], html: [link] } };
};

/** Both mails are as they are for everybody: one link in the first, none in the second. */
async function expectPlain(chosen: Chosen): Promise<Mails> {
  const mails = await mailsOf(post, chosen);
  const { link, reset, notice } = mails;
  expect([chosen, shapeOf(reset)]).toEqual([chosen, shapeWith(link)]);
  expect([chosen, shapeOf(notice)]).toEqual([chosen, shapeOf(plain.notice)]);
  for (const { parsed } of [reset, notice]) {
    expect(invisible(`${parsed.subject}${parsed.text}`.replaceAll(/[\n\u2068\u2069]/g, ""))).toEqual([]);
  }
  return mails;
}

test("the mail itself: one recipient, these headers, one link", () => {
  const shape = shapeOf(plain.reset);
  expect(shape.recipients).toEqual([MIKE.email]);
  expect(shape.headers.slice(0, shape.headers.indexOf("Content-Type") + 1).sort()).toEqual(
    [
      ...["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID"],
      ...["Subject", "To", "X-Auto-Response-Suppress"],
    ].sort(),
  );
  expect(shape).toEqual(shapeWith(plain.link));
  expect(shapeOf(plain.notice)).toMatchObject({ targets: [], linkLike: { subject: [], text: [], html: [] } });
});

flaw("GHSA-4hmq-ggrm-qfc6", () => {
  test.each([
    "https://app.example.com/:token?a=1&b=2&lt;=3&amp;x",
    'https://app.example.com/:token?q="><script>alert(1)</script>',
    "https://app.example.com/:token?q='><img/src=x/onerror=alert(1)>",
    "https://app.example.com/<b>/`/:token",
    "https://app.example.com/:token#</a><h1>x</h1>",
    "https://app.example.com/{{7*7}}/$&/:token",
  ])("a resetUrl of %j is one link, and no markup", async (resetUrl) => {
    const app = harness({ resetUrl: () => resetUrl, mailer: post.mailer });
    await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
    await app.passwordReset.drain();
    const [mail] = post.collect();
    if (!mail) throw new Error("no mail");
    const { tree, targets, headers } = shapeOf(mail);
    expect({ tree, headers }).toEqual({
      tree: shapeOf(plain.reset).tree,
      headers: shapeOf(plain.reset).headers,
    });
    expect(targets).toHaveLength(1);
    expect(mail.parsed.text?.split("\n")).toContain(targets[0]);
    expect(targets[0]).toMatch(/^https:\/\/app\.example\.com\/[^\s"<>]*$/);
  });

  test.each(["\r\nBcc: eve@evil.example", "\n", "\t", "\u2028", "\0", " "])(
    "one with %j in it is refused",
    (end) => {
      expect(() => harness({ resetUrl: `https://app.example.com/:token?${end}` })).toThrow(WRONG_OPTIONS);
    },
  );

  overRoutes("nothing in the query or in the form gets into it", async (app) => {
    for (const [nth, name] of some(MARKUP).entries()) {
      await anHourLater(app);
      const extra = { next: name, redirect: name, name, token: name, link: name, appName: name };
      const query = new URLSearchParams(extra);
      if (nth % 2) await app.visitor().post(`${RESET}?${query}`, { ...extra, email: MIKE.email });
      else await app.visitor().json(`${RESET}?${query}`, { ...extra, email: MIKE.email });
    }
    await app.passwordReset.drain();
    const mails = app.mailer.sent.map(({ subject, text, html }) => {
      const [link = ""] = /https:\S+/.exec(text) ?? [];
      return JSON.stringify([subject, text, html]).replaceAll(link, "LINK");
    });
    expect(mails).toHaveLength(some(MARKUP).length);
    expect(kinds(mails)).toHaveLength(1);
  });
});

const MARKED_UP = {
  "CVE-2022-1274": (name: string) => ({ name }),
  "CVE-2017-18892": (name: string) => ({ appName: name }),
};

flaws(MARKED_UP, (chosenFor, id) => {
  const isName = id === "CVE-2022-1274";

  test(`${isName ? "the name of a user" : "the application's name"} makes no element of a mail`, async () => {
    for (const name of some(MARKUP)) await expectPlain(chosenFor(name));
  });

  test("in no language that the package has", async () => {
    const { en: _, ...others } = await import("relatch/languages");
    for (const language of Object.values(others)) {
      const shapes = [];
      for (const name of ["Mike", '</p><h1 class="x"><!--']) {
        const { link, reset, notice } = await mailsOf(post, { ...chosenFor(name), languages: [language] });
        const [{ targets, ...shape }, last] = [shapeOf(reset), shapeOf(notice)];
        expect([targets, last.targets]).toEqual([[link], []]);
        shapes.push(JSON.stringify([shape.tree, shape.headers, last.tree, last.headers]));
      }
      expect(kinds(shapes)).toHaveLength(1);
    }
  });

  let name = "";
  overRoutes(
    "nor when the request came over HTTP",
    async (app) => {
      const trees: string[] = [];
      for (name of ["Mike", ...MARKUP.slice(0, 8)]) {
        app.users.set({ ...MIKE, ...(isName && { name }) });
        await anHourLater(app);
        await app.client.post(RESET, { email: MIKE.email });
        await app.passwordReset.drain();
        const [mail] = post.collect();
        trees.push(mail ? shapeOf(mail).tree : "no mail");
      }
      expect(kinds(trees)).toEqual([shapeOf(plain.reset).tree]);
    },
    {
      mailer: { send: (...mail) => post.mailer.send(...mail) },
      ...(!isName && { appName: () => name || "Acme" }),
    },
  );
});

flaw("CVE-2024-55224", () => {
  test("the text part prints no control character and no link of a name", async () => {
    for (const name of some([...LINKS, ...INVISIBLE])) await expectPlain({ name });
  });

  test("and what is left of a name stands in the greeting alone, as text", async () => {
    const { reset, notice } = await expectPlain({ name: "<b>Mike</b> & \u202e\u0007Söhne" });
    // Its slash would be half a link.
    expect(reset.parsed.text?.split("\n")[0]).toBe("Hello,");
    const { reset: other } = await expectPlain({ name: "<b>Mike & \u202e\u0007Söhne" });
    expect(other.parsed.text?.split("\n")[0]).toBe("Hello <b>Mike & Söhne,");
    expect(other.parsed.html).toContain("Hello &#60;b&#62;Mike &#38; Söhne,");
    expect(
      `${notice.parsed.subject}${other.parsed.subject}${JSON.stringify(other.parsed.headers)}`,
    ).not.toMatch(/Mike/);
  });

  overRoutes("nor over HTTP", async (app) => {
    for (const name of LINKS.slice(0, 12)) {
      app.users.set({ ...MIKE, name });
      await anHourLater(app);
      await app.client.json(RESET, { email: MIKE.email });
    }
    await app.passwordReset.drain();
    for (const { text } of app.mailer.sent) expect(linkLike(text)).toEqual([/https:\S+/.exec(text)?.[0]]);
    expect(app.mailer.sent).toHaveLength(12);
  });
});

const BROKEN_LINES = some([...LINE_BREAKS, ...HEADER_WORDS]);

flaw("CVE-2026-82661", () => {
  test("a line break in a name makes no header", async () => {
    for (const name of BROKEN_LINES) await expectPlain({ name });
  });

  test("nor one in the application's name, which stands in the subject", async () => {
    for (const appName of BROKEN_LINES) {
      const { reset } = await expectPlain({ appName: `A${appName}` });
      expect(reset.parsed.subject).toMatch(/^Reset your A.{0,150} password$/);
    }
  });

  overRoutes(
    "nor anything in a request",
    async (app) => {
      for (const [nth, words] of some(LINE_BREAKS).entries()) {
        await anHourLater(app);
        const headers = { "Accept-Language": encodeURI(words), "User-Agent": encodeURI(words) };
        const fields = { email: MIKE.email, subject: words, locale: words, "List-Unsubscribe": words };
        if (nth % 2) await app.visitor().post(RESET, fields, headers);
        else await app.visitor().json(RESET, fields, headers);
      }
      await app.passwordReset.drain();
      const mails = post.collect();
      expect(mails).toHaveLength(some(LINE_BREAKS).length);
      for (const mail of mails) expect(shapeOf(mail).headers).toEqual(shapeOf(plain.reset).headers);
    },
    { mailer: { send: (...mail) => post.mailer.send(...mail) } },
  );
});

/** All that a mail server is told before the mail itself. */
async function commandsFor(chosen: Chosen & { email?: string }): Promise<string[]> {
  const said: string[] = [];
  const port = await startServer((socket) => {
    socket.on("data", (chunk) => said.push(chunk.toString("latin1")));
    answeringLines({})(socket);
  });
  const { name = "Mike", email = MIKE.email, ...options } = chosen;
  const app = harness({ accounts: [{ ...MIKE, name }], mailer: mailerTo(port), ...options });
  await app.passwordReset.requestReset({ email, ip: null, locale: name });
  await app.passwordReset.drain();
  expect(app.happened()).toContain("mail_sent");
  const lines = said.join("").split("\r\n");
  return lines.slice(0, lines.indexOf("DATA") + 1);
}

const PLAIN_COMMANDS = [
  expect.stringMatching(/^EHLO \S+$/),
  "MAIL FROM:<no-reply@acme.example>",
  "RCPT TO:<mike@example.org>",
  "DATA",
];

flaw("CVE-2026-82853", () => {
  test("what is said to the server is the same, whoever the mail is for", async () => {
    const dialogues: string[] = [];
    for (const words of ["Acme", ...LINE_BREAKS.slice(0, 12)]) {
      const commands = await commandsFor({ name: words, appName: `A${words}` });
      expect(commands).toEqual(PLAIN_COMMANDS);
      dialogues.push(commands.join());
    }
    expect(kinds(dialogues)).toHaveLength(1);
  });

  const said: string[] = [];
  overRoutes("and whatever the request called this host", async (app) => {
    said.length = 0;
    const port = await startServer((socket) => {
      socket.on("data", (chunk) => said.push(chunk.toString("latin1")));
      answeringLines({})(socket);
    });
    const mailer = mailerTo(port);
    app.mailer.send = async (...mail) => void (await mailer.send(...mail));
    const headers = {
      Host: "evil.example",
      "X-Forwarded-Host": "evil.example%0d%0aRCPT TO:<eve@evil.example>",
    };
    await app.client.post(
      RESET,
      { email: MIKE.email, name: "evil.example\r\nRCPT TO:<eve@evil.example>" },
      headers,
    );
    await app.passwordReset.drain();
    const lines = said.join("").split("\r\n");
    expect(lines.slice(0, lines.indexOf("DATA") + 1)).toEqual(PLAIN_COMMANDS);
    expect(said.join("")).not.toContain("evil");
  });
});

flaw("CVE-2026-82854", () => {
  const seen: [MailMessage, MailContext][] = [];
  const keeping = { send: async (...mail: [MailMessage, MailContext]) => seen.push(mail) };

  test("a mailer gets four strings and a context, both frozen, and no envelope", async () => {
    seen.length = 0;
    const app = harness({ mailer: keeping });
    const extra = { envelope: { size: "1\r\nRCPT TO:<eve@evil.example>" }, bcc: "eve@evil.example", dsn: {} };
    await app.passwordReset.requestReset({ ...extra, email: MIKE.email, ip: null });
    await app.passwordReset.drain();
    const [[message, about] = [{}, {}]] = seen;
    expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
    expect(
      Object.entries(message)
        .map(([key, value]) => [key, typeof value])
        .sort(),
    ).toEqual(["html", "subject", "text", "to"].map((key) => [key, "string"]));
    expect([Object.isFrozen(message), Object.isFrozen(about)]).toEqual([true, true]);
    expect(JSON.stringify(about)).not.toContain("@");
  });

  test("nodemailer gets these fields and no others, all made of strings", async () => {
    const given: Record<string, unknown>[] = [];
    const transport: NodemailerTransport = { sendMail: async (mail) => given.push({ ...mail }) };
    for (const mailer of [nodemailerMailer(transport, { from: ACME })]) {
      const app = harness({ mailer });
      await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
      await app.passwordReset.drain();
    }
    const [{ headers, ...fields } = { headers: {} }] = given;
    expect(Object.keys(fields).sort()).toEqual(["from", "html", "messageId", "subject", "text", "to"]);
    for (const value of Object.values({ ...fields, ...(headers as object) }))
      expect(typeof value).toBe("string");
    expect(JSON.stringify(headers)).not.toMatch(/[\r\n]|Mike|example/);
  });

  test("a mail of one's own wording cannot bring an envelope either", async () => {
    seen.length = 0;
    const wording = {
      subject: "Reset",
      text: "…",
      envelope: { to: "eve@evil.example" },
      to: "eve@evil.example",
    };
    const app = harness({ mailer: keeping, messages: { resetLink: () => wording } });
    await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
    await app.passwordReset.drain();
    expect(seen.map(([message]) => ({ ...message }))).toEqual([
      { to: MIKE.email, subject: "Reset", text: "…", html: undefined },
    ]);
  });

  overRoutes(
    "nor does a request over HTTP",
    async (app) => {
      seen.length = 0;
      const envelope = { to: "eve@evil.example", size: "1\r\nRCPT TO:<eve@evil.example>" };
      await app.client.json(RESET, {
        email: MIKE.email,
        envelope,
        dsn: envelope,
        headers: { Bcc: "eve@evil.example" },
      });
      await app.passwordReset.drain();
      app.clock.now += 60_000;
      await app.client.post(RESET, {
        email: MIKE.email,
        "envelope[to]": "eve@evil.example",
        bcc: "eve@evil.example",
      });
      await app.passwordReset.drain();
      expect(seen).toHaveLength(2);
      for (const mail of seen) expect(JSON.stringify(mail)).not.toMatch(/evil|RCPT/);
    },
    { mailer: keeping },
  );
});

flaw("GHSA-48ww-j4fc-435p", () => {
  const options = ["-X/tmp/x@example.org", "-oQ/tmp@example.org", "--@example.org", "-@example.org"];

  test.each(options)("%s is no address, typed or on file", async (email) => {
    const app = harness({ accounts: [{ ...MIKE, email }] });
    app.users.findByEmail = async () => app.users.get(MIKE.id);
    expect(await app.passwordReset.requestReset({ email, ip: null })).toMatchObject({
      reason: "invalid_email",
    });
    await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
    expect(await recipientsOf(app)).toEqual([]);
    expect(app.happened()).toContain("request_skipped:unusable_address");
  });

  test("no sender and no host starts with a hyphen either", () => {
    const transport: NodemailerTransport = { sendMail: async () => undefined };
    for (const from of ["-X@example.org", "Acme <-oQ@example.org>", "a@-example.org"]) {
      expect(() => nodemailerMailer(transport, { from })).toThrow(RelatchError);
    }
  });

  overRoutes("nor over HTTP", async (app) => {
    app.users.findByEmail = async (email) => ({ ...MIKE, email });
    for (const email of options) {
      expect((await app.client.post(RESET, { email })).status).toBe(400);
      expect((await app.client.json(RESET, { email })).status).toBe(400);
    }
    expect(await recipientsOf(app)).toEqual([]);
  });
});

flaw("CVE-2024-6923", () => {
  test("a subject of one's own with line breaks in it stays one line", async () => {
    for (const words of some(LINE_BREAKS)) {
      const own = {
        resetLink: ({ url }: { url: string }) => ({ subject: `Hi ${words}`, text: `Go:\n${url}\n` }),
      };
      const { reset } = await mailsOf(post, { messages: own });
      expect(reset.recipients).toEqual([MIKE.email]);
      const top = shapeOf(plain.reset).headers.filter((name, at, all) => all.indexOf(name) === at);
      expect(new Set(shapeOf({ ...reset, parsed: { ...reset.parsed, html: "" } }).headers)).toEqual(
        new Set(top),
      );
      expect(reset.parsed.subject).not.toMatch(/[\r\n\u2028\u2029\u0085\v\f]/);
    }
  });

  test("an address on file with a line break in it gets no mail at all", async () => {
    for (const tail of ["\r\nBcc: eve@evil.example", "\n", "\r", "\u2028", "\u0085x", "\0"]) {
      const email = `mike@example.org${tail}`;
      const app = harness({ accounts: [{ ...MIKE, email }], mailer: post.mailer });
      app.users.findByEmail = async () => app.users.get(MIKE.id);
      await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
      await app.passwordReset.requestReset({ email, ip: null });
      await app.passwordReset.drain();
      expect(post.collect()).toEqual([]);
    }
  });

  test("nor does a sender with one pass", () => {
    const transport: NodemailerTransport = { sendMail: async () => undefined };
    for (const lineBreak of ["\r\n", "\n", "\r", "\u2028", "\u0085"]) {
      const from = `Acme${lineBreak}Bcc: eve@evil.example <no-reply@acme.example>`;
      expect(() => nodemailerMailer(transport, { from })).toThrow(RelatchError);
    }
  });

  overRoutes("nor over HTTP", async (app) => {
    for (const words of some(LINE_BREAKS)) {
      await app.visitor().post(RESET, { email: `${MIKE.email}${words}` });
      await app.visitor().json(RESET, { email: `${words}${MIKE.email}` });
    }
    expect(await recipientsOf(app)).toEqual([]);
  });
});

flaw("X19", () => {
  const messages = [
    ...LINKS,
    "Your account was hacked, visit https://evil.example now",
    "URGENT: call 0800 123 45 67 to keep your account",
    "Mike, please mail your password to eve@evil.example",
  ];

  test("a name that is a message with a link, an address or a number greets nobody", async () => {
    for (const name of some(messages)) {
      const { reset, notice } = await expectPlain({ name });
      for (const { parsed } of [reset, notice]) {
        // What was taken apart into harmless words may stay.
        expect(parsed.text?.split("\n")[0]).toMatch(/^Hello(?: evil ?\. ?com)?,$/);
      }
    }
  });

  test("a long one is cut to 64 characters: too short for a message", async () => {
    const name = "Your password was changed by an administrator and you have to tell us the old one";
    const { reset } = await expectPlain({ name });
    expect(reset.parsed.text?.split("\n")[0]).toBe(`Hello ${name.slice(0, 64).trim()},`);
  });

  test("the control: names of people stay as they are", async () => {
    for (const name of ["Mike", "Anna-Maria O'Neill", "Dr. J. R. R. Tolkien", "李 小龍", "Zoë 🐴"]) {
      const { reset } = await expectPlain({ name });
      expect(reset.parsed.text?.split("\n")[0]).toBe(`Hello ${name},`);
    }
  });

  overRoutes("nor over HTTP", async (app) => {
    for (const name of messages.slice(-3)) {
      app.users.set({ ...MIKE, name });
      await anHourLater(app);
      await app.client.post(RESET, { email: MIKE.email });
    }
    await app.passwordReset.drain();
    expect(app.mailer.sent.map(({ text }) => text.split("\n")[0])).toEqual(new Array(3).fill("Hello,"));
  });
});

flawsOf("j-mail");
