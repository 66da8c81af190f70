import type { Mailer, MailMessage } from "../types.ts";
import { type ContractCase, expectRejection, expectSame, randomHex } from "./cases.ts";

/** A mailer and the mailbox behind it. */
export interface MailerFixture {
  mailer: Mailer;
  /** What has arrived: the envelope's recipients, and the parts after decoding. */
  received(): Promise<{ recipients: string[]; subject: string; text: string; html?: string | undefined }[]>;
  /** Optional: a mailer whose server cannot be reached. */
  broken?: Mailer | undefined;
}

/** What every `Mailer` must do. */
export function mailerContract(create: () => MailerFixture | Promise<MailerFixture>): ContractCase[] {
  const cases: ContractCase[] = [];
  const add = (name: string, run: (fixture: MailerFixture) => Promise<void>) =>
    cases.push({ name, run: async () => run(await create()) });

  async function roundTrip({ mailer, received }: MailerFixture, message: MailMessage): Promise<void> {
    await mailer.send(Object.freeze(message), Object.freeze({ ...ABOUT }));
    const mails = (await received()).filter(({ subject }) => subject === message.subject);
    expectSame("the mails", mails.length, 1);
    const [mail] = mails;
    expectSame("the recipients", mail?.recipients, [message.to]);
    expectSame("the text", mail && normal(mail.text), normal(message.text));
    if (message.html !== undefined) expectSame("the HTML", normal(mail?.html ?? ""), normal(message.html));
  }

  add("hands over one mail to one recipient, complete", (fixture) => roundTrip(fixture, message()));

  add("keeps every script, and a link that is longer than a line", (fixture) =>
    roundTrip(fixture, {
      ...message(`Смена пароля · パスワード · ${randomHex(8)}`),
      text: `Здравствуйте 😀\n\nhttps://app.example.com/password_reset/${randomHex(200)}\n`,
    }),
  );

  add("sends text alone", (fixture) => {
    const { html: _, ...textOnly } = message();
    return roundTrip(fixture, textOnly);
  });

  add("rejects when the mail was not handed over", async ({ broken }) => {
    if (broken) await expectRejection("send", () => broken.send(message(), ABOUT));
  });

  return cases;
}

const ABOUT = { userId: "42", locale: "en", kind: "reset_link" } as const;

const message = (subject = `Reset ${randomHex(16)}`) => ({
  to: "mike@example.org",
  subject,
  text: `Hello\n\nhttps://app.example.com/password_reset/${randomHex(42)}\n`,
  html: `<p>Hello</p><p>https://app.example.com/password_reset/${randomHex(42)}</p>\n`,
});

/** Mail ends lines with CRLF, and may end with one more. */
const normal = (text: string): string => text.replaceAll("\r\n", "\n").trimEnd();
