import { background, type Mailer, type MailMessage, type PasswordResetOptions } from "relatch";
import type { MessageContent } from "relatch/messages";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { inertAppName, inertName } from "../../src/mail/inert.ts";
import { findChromium, launchChromium } from "../e2e/chromium.ts";
import { RESET, tokenIn } from "../e2e/contract/helpers.ts";
import type { ReceivedMail } from "../e2e/smtp-server.ts";
import { GOOD_PASSWORD, type Harness, harness, MIKE } from "../harness.ts";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { languages, samplesOf, URL_IN_MAIL } from "../mail/samples.ts";
import { overRoutes } from "./helpers/adapters.ts";
import { kinds } from "./helpers/answers.ts";
import { hostileNames } from "./helpers/hostile.ts";
import { contentShape, invisible, type MailShape, shapeOf } from "./helpers/mail-shape.ts";
import { type Post, startPost } from "./helpers/post.ts";
import { LONG } from "./helpers/runs.ts";

// Hundreds of people and applications with names that are not meant to be read. Each of them gets its mails from a
// mail server, and all of those mails are one mail, but for the few words in the places of the names. The single flaws
// of this kind are in j-mail.test.ts. RELATCH_SECURITY=long has ten times as many names.

vi.setConfig({ testTimeout: LONG ? 3_600_000 : 60_000, hookTimeout: LONG ? 3_600_000 : 60_000 });

const COUNT = LONG ? 5000 : 500;

/** Somebody's name, and what the application that he uses calls itself: each name stands once in either place. */
interface Person {
  name: string;
  appName: string;
}

const NAMES = hostileNames(COUNT);
/** Of these nothing can be seen: an application has to have a name. */
const isNone = (name: string): boolean => inertAppName(name) === "";
const PEOPLE: readonly Person[] = NAMES.map((name, nth) => {
  const other = NAMES[(nth + 1 + (NAMES.length >> 1)) % NAMES.length] ?? "";
  return { name, appName: isNone(other) ? `A${other}` : other };
});
const PLAIN: Person = { name: "Mike", appName: "Acme" };

const addressOf = (nth: number): string => `person${nth}@example.org`;

/** An application's users and its mailer, for as many people. */
const optionsFor = (people: readonly Person[]) => ({
  accounts: people.map(({ name }, nth) => ({ ...MIKE, id: String(nth), email: addressOf(nth), name })),
  appName: ({ userId = "" }) => people[Number(userId)]?.appName ?? "",
  limits: { client: false, address: false } as const,
  dispatcher: background({ maxWaiting: people.length }),
  passwordRules: [],
});

/** Finds an account at once, and not by going through all of them. */
function indexed({ users }: Harness): void {
  users.findByEmail = async (email) => users.get(/\d+/.exec(email)?.[0] ?? "");
}

/** What was written, and what came of it at the other end. */
interface Letter {
  message: MailMessage;
  mail: ReceivedMail;
  /** The link in it, if it has one. */
  link: string;
}

let post: Post;
/** What a mailer was given to send. */
const written: MailMessage[] = [];
const mailer: Mailer = {
  async send(message, about) {
    written.push(message);
    await post.mailer.send(message, about);
  },
};

/** One letter for each address, in the order of the people. */
function letters(count: number): Letter[] {
  const messages = new Map(written.splice(0).map((message) => [message.to, message]));
  const mails = post.collect();
  expect([mails.length, messages.size]).toEqual([count, count]);
  const arrived = new Map(mails.map((mail) => [mail.recipients.join(), mail]));
  return Array.from({ length: count }, (_, nth) => {
    const [message, mail] = [messages.get(addressOf(nth)), arrived.get(addressOf(nth))];
    if (!message || !mail) throw new Error(`no mail came to ${addressOf(nth)}`);
    const [link = ""] = /^https:\/\/app\.example\.com\/password_reset\/[\w-]{43}$/m.exec(message.text) ?? [];
    return { message, mail, link };
  });
}

/** Mails a link to each of these people, and resets the password of each by it. */
async function mailed(
  people: readonly Person[],
  options: Partial<PasswordResetOptions> = {},
): Promise<{ links: Letter[]; notices: Letter[] }> {
  const app = harness({ ...optionsFor(people), mailer, ...options });
  indexed(app);
  const { passwordReset } = app;
  const requests = people.map((_, nth) => passwordReset.requestReset({ email: addressOf(nth), ip: null }));
  expect(kinds(await Promise.all(requests))).toEqual(['{"ok":true}']);
  await passwordReset.drain();
  const links = letters(people.length);
  const resets = links.map(({ link }) =>
    passwordReset.completeReset({ token: tokenIn(link), newPassword: GOOD_PASSWORD }),
  );
  expect((await Promise.all(resets)).filter(({ ok }) => ok)).toHaveLength(people.length);
  await passwordReset.drain();
  return { links, notices: letters(people.length) };
}

/** A mail without what is for its reader alone. */
function impersonal({ message: { to }, mail, link }: Letter): MailShape {
  const { recipients, targets, linkLike, ...shape } = shapeOf(mail);
  const nameless = (texts: string[]) => texts.map((text) => (text === link ? "LINK" : text));
  return {
    ...shape,
    recipients: recipients.map((address) => (address === to ? "READER" : address)),
    targets: nameless(targets),
    linkLike: {
      subject: nameless(linkLike.subject),
      text: nameless(linkLike.text),
      html: nameless(linkLike.html),
    },
  };
}

/** The header fields that are the same in every mail, with their values. */
const FIXED = ["from", "mime-version", "auto-submitted", "x-auto-response-suppress"];
/** And what the others look like. */
const VARIABLE: Record<string, (letter: Letter) => RegExp> = {
  to: ({ message }) => new RegExp(`^${message.to.replaceAll(".", "\\.")}$`),
  // Encoded words and printable ASCII; what they say is compared by itself.
  subject: () => /^[ -~]*$/,
  date: () => /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/,
  "message-id": () => /^<(?:[\w-]{36}|[\w-]{43})@acme\.example>$/,
  "content-type": () => /^multipart\/alternative; boundary="[\w-]+"$/,
};

function expectHeaders(letter: Letter, plain: Letter): void {
  const { message, mail } = letter;
  const { headers, subject, to, cc, bcc, replyTo, from } = mail.parsed;
  const fields = headers.map(({ key, value }) => [key, value] as const);
  expect(fields.map(([key]) => key).sort()).toEqual([...FIXED, ...Object.keys(VARIABLE)].sort());
  const isFixed = ([key]: readonly [string, string]) => FIXED.includes(key);
  const same = plain.mail.parsed.headers.map(({ key, value }) => [key, value] as const).filter(isFixed);
  expect(fields.filter(isFixed)).toEqual(same);
  for (const [key, value] of fields) expect(value).toMatch(VARIABLE[key]?.(letter) ?? /^/);
  expect(from).toMatchObject({ address: "no-reply@acme.example", name: "Acme" });
  expect(to).toMatchObject([{ address: message.to, name: "" }]);
  expect([cc, bcc, replyTo]).toEqual([undefined, undefined, undefined]);
  // However it was folded and encoded on its way.
  expect(subject).toBe(message.subject);
  const [head = ""] = mail.raw.split("\r\n\r\n", 1);
  expect(head).toMatch(/^(?:[ -~\t]{1,998}(?:\r\n|$))+$/);
}

/** What arrived is what was written, in two parts. */
function expectBodies({ message, mail: { parsed } }: Letter): void {
  const lines = (text = "") => text.replaceAll("\r\n", "\n").trimEnd();
  expect(lines(parsed.text)).toBe(lines(message.text));
  expect(lines(parsed.html)).toBe(lines(message.html));
  expect(parsed.attachments).toEqual([]);
  expect(invisible(`${parsed.subject}${parsed.text}`.replaceAll(/[\n\u2068\u2069]/g, ""))).toEqual([]);
}

/** The lines of the text part that hold no name. */
const LINES_WITH_NAMES = [0, 2];
const fixedLines = ({ message, link }: Letter): string[] =>
  message.text
    .trimEnd()
    .split("\n")
    .map((line) => (line === link ? "LINK" : line))
    .filter((_, nth, all) => !LINES_WITH_NAMES.includes(nth) && nth !== all.length - 1);

/** Each of these mails is that one, but for names. */
function expectSame(mails: readonly Letter[], plain: Letter | undefined, people = PEOPLE): void {
  if (!plain) throw new Error("nothing to compare with");
  const [shape, lines] = [impersonal(plain), fixedLines(plain)];
  for (const [nth, letter] of mails.entries()) {
    expect([people[nth], impersonal(letter)]).toEqual([people[nth], shape]);
    expect([people[nth], fixedLines(letter)]).toEqual([people[nth], lines]);
    expectHeaders(letter, plain);
    expectBodies(letter);
  }
}

let plain: Awaited<ReturnType<typeof mailed>>;
let hostile: Awaited<ReturnType<typeof mailed>>;
beforeAll(async () => {
  post = await startPost();
  plain = await mailed([PLAIN]);
  hostile = await mailed(PEOPLE);
});
afterAll(() => post?.close());

test("500 names, no two of them alike, each once of a person and once of an application", () => {
  expect(new Set(NAMES).size).toBe(COUNT);
  expect(new Set(PEOPLE.map(({ appName }) => appName)).size).toBe(COUNT);
  expect(PEOPLE.filter(({ name, appName }) => name === appName)).toEqual([]);
  for (const what of [/[<>]/, /[\r\n]/, /[\u2028\u2029]/, /[\u202a-\u202e\u2066-\u2069]/, /:\/\//, /=\?/]) {
    expect(NAMES.filter((name) => what.test(name)).length, String(what)).toBeGreaterThanOrEqual(3);
  }
});

test("what cannot be seen is no name of an application, and nobody is greeted by it", () => {
  const none = NAMES.filter(isNone);
  expect(none.length).toBeGreaterThan(10);
  for (const appName of none) {
    expect(() => harness({ appName })).toThrow(WRONG_OPTIONS);
    expect(inertName(appName)).toBeUndefined();
  }
});

test("the mail with the link: one set of headers, one recipient, one tree of elements, one link", () => {
  expectSame(hostile.links, plain.links[0]);
  const { recipients, targets, linkLike } = impersonal(plain.links[0] as Letter);
  expect({ recipients, targets, linkLike }).toEqual({
    recipients: ["READER"],
    targets: ["LINK"],
    linkLike: { subject: [], text: ["LINK"], html: ["LINK"] },
  });
  // No two links are one.
  expect(new Set(hostile.links.map(({ link }) => link)).size).toBe(COUNT);
});

test("the notice after it: the same, without any link", () => {
  expectSame(hostile.notices, plain.notices[0]);
  const { recipients, targets, linkLike } = impersonal(plain.notices[0] as Letter);
  expect({ recipients, targets, linkLike }).toEqual({
    recipients: ["READER"],
    targets: [],
    linkLike: { subject: [], text: [], html: [] },
  });
});

test("a name is one line of 64 characters, wherever it stands", () => {
  for (const { message } of hostile.links) {
    // What isolates a name of the other direction is not the name.
    const [subject = "", text = ""] = [message.subject, message.text].map((part) =>
      part.replaceAll(/[\u2068\u2069]/g, ""),
    );
    expect(text.split("\n")[0]).toMatch(/^Hello(?: \P{C}{1,64})?,$/u);
    expect(subject).toMatch(/^Reset your \P{C}{1,64} password$/u);
    expect(text.trimEnd().split("\n-- \n")[1]).toMatch(/^\P{C}{1,64}$/u);
  }
  const greeted = hostile.links.filter(({ message }) => !message.text.startsWith("Hello,"));
  // Most of them are not fit to be printed, and some are no more than odd.
  expect(greeted.length).toBeGreaterThan(COUNT / 10);
  expect(greeted.length).toBeLessThan(COUNT / 2);
});

test("the control: words that take the names as they come are found out", async () => {
  const careless = (people: readonly Person[]): Partial<PasswordResetOptions> => ({
    messages: {
      resetLink({ to, url }): MessageContent {
        const { name = "", appName = "" } = people[Number(to.userId)] ?? {};
        return {
          subject: `Reset your ${appName} password`,
          text: `Hello ${name},\n\n${url}\n\n-- \n${appName}\n`,
          html: `<p>Hello ${name},</p>\n<p><a href="${url}">${appName}</a> ${url}</p>`,
        };
      },
    },
  });
  const [one] = (await mailed([PLAIN], careless([PLAIN]))).links;
  const { links } = await mailed(PEOPLE.slice(0, 100), careless(PEOPLE));
  const found = links.filter((letter, nth) => {
    try {
      expectSame([letter], one, [PEOPLE[nth] as Person]);
      return false;
    } catch {
      return true;
    }
  });
  expect(found.length).toBeGreaterThan(80);
});

/** Without sentences of a language that puts no blank after its full stops. */
const foreign = (texts: readonly string[]) => texts.filter((text) => !text.includes("\u3002"));

test("in every language: the same tree, and no link but the one", async () => {
  const plainShapes = new Map<string, unknown>();
  for (const language of languages) {
    for (const { kind, content } of await samplesOf(language, PLAIN)) {
      const shape = contentShape(content);
      plainShapes.set(`${language.tag} ${kind}`, shape);
      const link = kind === "resetLink" ? [URL_IN_MAIL] : [];
      expect(shape.targets).toEqual(link);
      const { subject, text, html } = shape.linkLike;
      expect([subject, foreign(text), foreign(html)]).toEqual([[], link, link]);
    }
  }
  for (const [nth, person] of PEOPLE.entries()) {
    const inert = { name: inertName(person.name), appName: inertAppName(person.appName) };
    for (const language of languages.filter((_, index) => LONG || index === nth % languages.length)) {
      for (const { kind, content } of await samplesOf(language, inert)) {
        const which = `${language.tag} ${kind}`;
        expect([person, which, contentShape(content)]).toEqual([person, which, plainShapes.get(which)]);
      }
    }
  }
});

const FEW = PEOPLE.filter((_, nth) => nth % (LONG ? 1 : 10) === 0);
overRoutes(
  "over HTTP, by forms and by JSON, with the same words in the request",
  async (app) => {
    indexed(app);
    for (const [nth, { name }] of FEW.entries()) {
      const words = name.slice(0, 500);
      const fields = { name: words, appName: words, subject: words, to: words, cc: words, locale: words };
      const request = { ...fields, email: addressOf(nth) };
      const answer = await (nth % 2
        ? app.visitor().json(RESET, request)
        : app.visitor().post(RESET, request));
      expect(answer.status).toBe(200);
    }
    await app.passwordReset.drain();
    expectSame(letters(FEW.length), plain.links[0], FEW);
    expect(app.faults).toEqual([]);
  },
  { ...optionsFor(FEW), mailer },
);

// Another reader of HTML than the tests' own.
const READ = `(htmls) => htmls.map((html) => {
  const root = new DOMParser().parseFromString(html, "text/html").documentElement;
  const treeOf = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return "";
    if (node.nodeType !== Node.ELEMENT_NODE) return " " + node.nodeName;
    const names = node.getAttributeNames().join(" ");
    const inner = [...node.childNodes].map(treeOf).join("");
    // A name that is written in the other direction.
    return node.localName === "span" && names === "dir" && inner === "" ? "" : " " + node.localName + "[" + names + "](" + inner + ")";
  };
  const links = [...root.querySelectorAll("[href], [src], [action], [background], [data], [srcset]")];
  return { tree: treeOf(root), links: links.map((link) => link.getAttribute("href")) };
})`;

const executablePath = findChromium();
describe.skipIf(!executablePath)("as a browser reads it", () => {
  test("one tree of elements, and one link in it", async () => {
    const browser = await launchChromium(executablePath ?? "");
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    const read = async (html: readonly (string | undefined)[]) =>
      (await page.evaluate(`(${READ})(${JSON.stringify(html)})`)) as { tree: string; links: string[] }[];
    for (const kind of ["links", "notices"] as const) {
      const [one] = await read(plain[kind].map(({ mail }) => mail.parsed.html));
      const all = await read(hostile[kind].map(({ mail }) => mail.parsed.html));
      expect(all).toHaveLength(COUNT);
      expect(one?.tree.length).toBeGreaterThan(300);
      for (const [nth, { tree, links }] of all.entries()) {
        expect([PEOPLE[nth], tree]).toEqual([PEOPLE[nth], one?.tree]);
        expect(links).toEqual(kind === "links" ? [hostile.links[nth]?.link] : []);
      }
    }
    // The control: it reads what a strict reader would not let pass.
    const [odd] = await read(["<!doctype html><p>Hello <b>Mike<!-- --><a href=x>"]);
    expect(odd).toEqual({ tree: " html[]( head[]() body[]( p[]( b[]( #comment a[href]()))))", links: ["x"] });
  });
});
