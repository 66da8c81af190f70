import { memoryMailer } from "relatch/memory";
import { type MailerFixture, mailerContract, type ReceivedMail } from "relatch/testing";
import { describe, expect, test } from "vitest";
import type { Mailer } from "../../src/types.ts";
import { failing } from "./failing.ts";

const unreachable: Mailer = { send: () => Promise.reject(new Error("connection refused")) };
const refusing: Mailer = {
  send: () => Promise.reject(Object.assign(new Error("550 no such user"), { permanent: true })),
};

/** Mail as SMTP brings it: CRLF, and one more line break at the end. */
const delivered = (text: string) => `${text.replaceAll("\n", "\r\n")}\r\n`;

/** A fixture over a mailer in memory, with flaws in what it sends. */
function fixture(change: Partial<MailerFixture> = {}, flaw = (mail: ReceivedMail): ReceivedMail[] => [mail]) {
  const mailer = memoryMailer();
  const received = async () =>
    mailer.sent.flatMap(({ to, subject, text, html }) =>
      flaw({ recipients: [to], subject, text: delivered(text), ...(html === undefined ? {} : { html }) }),
    );
  return { mailer, received, unreachable, refusing, ...change };
}

const order = mailerContract(fixture).map(({ name }) => name);
const [complete, textAlone, scripts, lines, address, atOnce, tryAgain, forGood] = [
  "hands over one mail to one recipient, complete",
  "sends a text alone",
  "keeps every script, and a link that is longer than a line",
  "keeps lines that mean something to mail servers",
  "writes to the address as it stands",
  "does not mix up mails that are sent at once",
  "rejects when the server cannot be reached, so that it is tried again",
  "rejects with permanent: true when the server refuses for good",
];
const sending = [complete, textAlone, scripts, lines, address, atOnce];
const withText = (change: (text: string) => string) => () =>
  fixture({}, (mail) => [{ ...mail, text: change(mail.text) }]);

test("memoryMailer passes, with and without what is optional", async () => {
  const shared = fixture();
  expect(await failing(mailerContract(() => shared))).toEqual([]);
  expect(
    await failing(mailerContract(() => fixture({ unreachable: undefined, refusing: undefined }))),
  ).toEqual([]);
});

const flaws: [title: string, create: () => MailerFixture, fails: (string | undefined)[]][] = [
  ["no mail at all", () => fixture({}, () => []), sending],
  ["every mail twice", () => fixture({}, (mail) => [mail, mail]), sending],
  [
    "a copy to somebody else",
    () => fixture({}, (mail) => [{ ...mail, recipients: [...mail.recipients, "b@x.com"] }]),
    sending,
  ],
  [
    "no HTML",
    () => fixture({}, ({ html: _, ...mail }) => [mail]),
    [complete, scripts, lines, address, atOnce],
  ],
  [
    "the HTML instead of the text",
    () => fixture({}, (mail) => [{ ...mail, text: mail.html ?? mail.text }]),
    [complete, scripts, lines, address, atOnce],
  ],
  [
    "an HTML that is always there",
    () => fixture({}, (mail) => [{ ...mail, text: mail.html ? mail.text : "" }]),
    [textAlone],
  ],
  ["Latin-1", withText((text) => Buffer.from(text, "latin1").toString("latin1")), [scripts]],
  ["lines of 998 characters", withText((text) => text.replace(/.{998}/g, "$&\r\n")), [scripts]],
  ["dots that are stuffed", withText((text) => text.replace(/^\./gm, "..")), [lines]],
  ["lines as in an mbox", withText((text) => text.replace(/^From /gm, ">From ")), [lines]],
  [
    "addresses that are cleaned",
    () =>
      fixture({}, (mail) => [
        { ...mail, recipients: mail.recipients.map((to) => to.replace(/\+[^@]*/, "")) },
      ]),
    [address],
  ],
  [
    "a draft that mails share",
    () => {
      const { mailer, ...rest } = fixture();
      let draft: Parameters<Mailer["send"]>[0];
      return {
        ...rest,
        mailer: {
          async send(message, about) {
            draft = message;
            await new Promise((resolve) => setTimeout(resolve, 0));
            return mailer.send(draft, about);
          },
        },
      };
    },
    [atOnce],
  ],
  [
    "a message that is written on",
    () => {
      const { mailer, ...rest } = fixture();
      const send: Mailer["send"] = async (message, about) =>
        mailer.send(Object.assign(message, { html: "" }), about);
      return { ...rest, mailer: { send } };
    },
    sending,
  ],
  [
    "errors that nobody hears of",
    () => fixture({ unreachable: { send: async () => {} }, refusing: { send: async () => {} } }),
    [tryAgain, forGood],
  ],
  ["every error for good", () => fixture({ unreachable: refusing }), [tryAgain]],
  ["no error for good", () => fixture({ refusing: unreachable }), [forGood]],
  [
    "a rejection with nothing",
    () => fixture({ refusing: { send: () => Promise.reject(undefined) } }),
    [forGood],
  ],
];

describe("a flaw fails the cases it should", () => {
  test.each(flaws)("%s", async (_, create, fails) => {
    expect(await failing(mailerContract(create))).toEqual(fails);
  });

  test("each case has a flaw that it is there for", () => {
    expect(order).toEqual([...sending, tryAgain, forGood]);
    expect(order.filter((name) => !flaws.some(([, , fails]) => fails.includes(name)))).toEqual([]);
  });
});
