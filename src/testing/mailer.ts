import type { Mailer, MailMessage } from "../types.ts";
import { type ContractCase, expectRejection, expectSame, randomHex, suite } from "./cases.ts";

/** A mail as it arrived. */
export interface ReceivedMail {
  /** Of the envelope: whom the server was told to give it to. */
  recipients: string[];
  subject: string;
  text: string;
  html?: string | undefined;
}

/** A mailer and the mailbox behind it. */
export interface MailerFixture {
  mailer: Mailer;
  /** What has arrived, all of it, with its parts decoded. */
  received(): Promise<ReceivedMail[]>;
  /** Optional: a mailer whose server cannot be reached. */
  unreachable?: Mailer | undefined;
  /** Optional: a mailer whose server refuses every mail for good (SMTP 5xx). */
  refusing?: Mailer | undefined;
}

/** What every `Mailer` must do. The cases know their own mails by the subject, and may run at the same time. */
export function mailerContract(create: () => MailerFixture | Promise<MailerFixture>): ContractCase[] {
  const { cases, add } = suite(create);

  async function roundTrip({ mailer, received }: MailerFixture, message: MailMessage): Promise<void> {
    await mailer.send(Object.freeze(message), Object.freeze(about()));
    const mails = (await received()).filter(({ subject }) => subject === message.subject);
    expectSame("how many mails", mails.length, 1);
    const [mail] = mails;
    expectSame("the recipients", mail?.recipients, [message.to]);
    expectSame("the text", normal(mail?.text), normal(message.text));
    if (message.html !== undefined) expectSame("the HTML", normal(mail?.html), normal(message.html));
  }

  add("hands over one mail to one recipient, complete", (fixture) => roundTrip(fixture, message()));

  add("sends a text alone", (fixture) => {
    const { html: _, ...textOnly } = message();
    return roundTrip(fixture, textOnly);
  });

  add("keeps every script, and a link that is longer than a line", (fixture) =>
    roundTrip(fixture, {
      ...message(`Смена пароля · パスワード · ${randomHex(8)}`),
      text: `Здравствуйте 😀\n\nhttps://app.example.com/password_reset/${randomHex(1200)}\n`,
    }),
  );

  add("keeps lines that mean something to mail servers", (fixture) =>
    roundTrip(fixture, { ...message(), text: "Hello\n.\n..\n.dot\nFrom Mike\n=3D\n--\nSubject: no\n" }),
  );

  add("writes to the address as it stands", (fixture) =>
    roundTrip(fixture, { ...message(), to: "o'brien+{a}|b%c=d/e#f@example.org" }),
  );

  add("does not mix up mails that are sent at once", async (fixture) => {
    const messages = Array.from({ length: 8 }, (_, n) => ({ ...message(), to: `mike${n}@example.org` }));
    await Promise.all(messages.map((each) => roundTrip(fixture, each)));
  });

  add("rejects when the server cannot be reached, so that it is tried again", async ({ unreachable }) => {
    if (!unreachable) return;
    const error = await expectRejection("send", () => unreachable.send(message(), about()));
    expectSame("permanent", isPermanent(error), false);
  });

  add("rejects with permanent: true when the server refuses for good", async ({ refusing }) => {
    if (!refusing) return;
    const error = await expectRejection("send", () => refusing.send(message(), about()));
    expectSame("permanent", isPermanent(error), true);
  });

  return cases;
}

const about = () =>
  ({ userId: "42", locale: "en", kind: "reset_link", idempotencyKey: randomHex(42) }) as const;

const message = (subject = `Reset ${randomHex(16)}`) => ({
  to: "mike@example.org",
  subject,
  text: `Hello\n\nhttps://app.example.com/password_reset/${randomHex(42)}\n`,
  html: `<p>Hello</p><p>https://app.example.com/password_reset/${randomHex(42)}</p>\n`,
});

const isPermanent = (error: unknown): boolean =>
  (error as { permanent?: unknown } | null | undefined)?.permanent === true;

/** Mail ends lines with CRLF, and may end with one more. */
const normal = (text: string | undefined): string | undefined => text?.replaceAll("\r\n", "\n").trimEnd();
