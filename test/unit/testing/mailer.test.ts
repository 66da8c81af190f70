import { memoryMailer } from "relatch/memory";
import { type MailerFixture, mailerContract, type ReceivedMail } from "relatch/testing";
import { expect, test } from "vitest";
import type { Mailer } from "../../../src/ports/contract.ts";
import { type Flaws, findFailing, flaw, testFlaws } from "./failing.ts";

/** A word for each case. */
const named = {
  complete: "send delivers one complete email to one recipient",
  textAlone: "send delivers an email without HTML",
  scripts: "send keeps every script, and a link that is longer than a line",
  lines: "send keeps lines that mean something to mail servers",
  address: "send uses the address exactly as it is written",
  atOnce: "concurrent calls of send do not mix up their emails",
  tryAgain: "send rejects without permanent: true if the server cannot be reached",
  forGood: "send rejects with permanent: true if the server refuses for good",
};
const SENDING = "complete textAlone scripts lines address atOnce";
const HTML = "complete scripts lines address atOnce";

const unreachable: Mailer = { send: () => Promise.reject(new Error("connection refused")) };
const refused = Object.assign(new Error("550 no such user"), { permanent: true });
const refusing: Mailer = { send: () => Promise.reject(refused) };

/** Text as SMTP delivers it: with CRLF, and one more line break at the end. */
const delivered = (text: string) => `${text.replaceAll("\n", "\r\n")}\r\n`;

/** Creates a fixture over a mailer in memory, with a flaw in the emails it sends. */
function fixture(change: Partial<MailerFixture> = {}, flaw = (email: ReceivedMail): ReceivedMail[] => [email]) {
  const mailer = memoryMailer();
  const received = async () =>
    mailer.sent.flatMap(({ to, subject, text, html }) =>
      flaw({ recipients: [to], subject, text: delivered(text), ...(html === undefined ? {} : { html }) }),
    );
  return { mailer, received, unreachable, refusing, ...change };
}

/** Emails that arrive changed. */
const arrives = (title: string, fails: string, change: (email: ReceivedMail) => ReceivedMail) =>
  flaw(title, fails, () => fixture({}, (email) => [change(email)]));
const withText = (title: string, fails: string, change: (text: string) => string) =>
  arrives(title, fails, (email) => ({ ...email, text: change(email.text) }));

const flaws: Flaws<() => MailerFixture> = [
  flaw("no email at all", SENDING, () => fixture({}, () => [])),
  flaw("every email twice", SENDING, () => fixture({}, (email) => [email, email])),
  arrives("a copy to someone else", SENDING, (email) => ({ ...email, recipients: [...email.recipients, "b@x.com"] })),
  arrives("no HTML", HTML, ({ html: _, ...email }) => email),
  arrives("the HTML instead of the text", HTML, (email) => ({ ...email, text: email.html ?? email.text })),
  arrives("text only with HTML", "textAlone", (email) => ({ ...email, text: email.html ? email.text : "" })),
  withText("Latin-1", "scripts", (text) => Buffer.from(text, "latin1").toString("latin1")),
  withText("lines of 998 characters", "scripts", (text) => text.replace(/.{998}/g, "$&\r\n")),
  withText("dots that are stuffed", "lines", (text) => text.replace(/^\./gm, "..")),
  withText("lines as in an mbox", "lines", (text) => text.replace(/^From /gm, ">From ")),
  arrives("addresses without their tag", "address", ({ recipients, ...email }) => ({
    ...email,
    recipients: recipients.map((to) => to.replace(/\+[^@]*/, "")),
  })),
  flaw("a draft that emails share", "atOnce", () => {
    const { mailer, ...rest } = fixture();
    let draft: Parameters<Mailer["send"]>[0];
    const send: Mailer["send"] = async (message, about) => {
      draft = message;
      await new Promise((resolve) => setTimeout(resolve, 0));
      return mailer.send(draft, about);
    };
    return { ...rest, mailer: { send } };
  }),
  flaw("a message that is changed", SENDING, () => {
    const { mailer, ...rest } = fixture();
    const send: Mailer["send"] = async (message, about) => mailer.send(Object.assign(message, { html: "" }), about);
    return { ...rest, mailer: { send } };
  }),
  flaw("errors that are swallowed", "tryAgain forGood", () =>
    fixture({ unreachable: { send: async () => {} }, refusing: { send: async () => {} } }),
  ),
  flaw("every error for good", "tryAgain", () => fixture({ unreachable: refusing })),
  flaw("no error for good", "forGood", () => fixture({ refusing: unreachable })),
  flaw("a rejection with nothing", "forGood", () => fixture({ refusing: { send: () => Promise.reject(undefined) } })),
];

testFlaws("mailerContract", named, mailerContract, flaws);

test("mailerContract sends for the tenant of the fixture, or else for acme", async () => {
  for (const [tenant, expected] of [
    [undefined, "acme"],
    ["globex", "globex"],
  ]) {
    const mailer = memoryMailer();
    const received = async () => mailer.sent.map(({ to, ...email }) => ({ ...email, recipients: [to] }));
    expect(await findFailing(mailerContract(() => ({ mailer, received, tenant })))).toEqual([]);
    expect(new Set(mailer.sent.map((email) => email.tenant))).toEqual(new Set([expected]));
    expect(mailer.sent.every((email) => email.correlationId)).toBe(true);
  }
});

test("memoryMailer passes mailerContract, with and without the optional mailers", async () => {
  const shared = fixture();
  const minimal = () => fixture({ unreachable: undefined, refusing: undefined });
  expect(await findFailing(mailerContract(() => shared))).toEqual([]);
  expect(await findFailing(mailerContract(minimal))).toEqual([]);
});
