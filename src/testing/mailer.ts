import { createHeaders } from "../mailers/headers.ts";
import type { MailContext, Mailer, MailFailure, MailMessage } from "../ports/contract.ts";
import { assertRejects, assertSame, type ContractCase, createSuite, randomHex } from "./cases.ts";

/** An email as it arrived. */
export interface ReceivedMail {
  /** The recipients in the envelope, which the server delivers to. */
  recipients: string[];
  subject: string;
  text: string;
  html?: string | undefined;
}

/** A mailer and the mailbox behind it. */
export interface MailerFixture {
  mailer: Mailer;
  /** Returns every email that has arrived, with its parts decoded. */
  received(): Promise<ReceivedMail[]>;
  /** Optional: a mailer whose server cannot be reached. */
  unreachable?: Mailer | undefined;
  /** Optional: a mailer whose server refuses every email for good (SMTP 5xx). */
  refusing?: Mailer | undefined;
  /** Optional: a tenant that the mailer knows, if it sends differently for each. Default: `"acme"`. */
  tenant?: string | undefined;
}

/**
 * Returns a case for everything that a `Mailer` must do. A case recognizes its emails by their subject, so the cases
 * can run at the same time.
 *
 * @example
 * for (const { name, run } of mailerContract(() => ({ mailer, received }))) test(name, run);
 */
export function mailerContract(create: () => MailerFixture | Promise<MailerFixture>): ContractCase[] {
  const { cases, add } = createSuite(create);

  for (const [name, createVariant] of Object.entries(VARIANTS))
    add(name, (fixture) => assertDelivered(fixture, createVariant(createMessage())));

  add("concurrent calls of send do not mix up their emails", async (fixture) => {
    const messages = Array.from({ length: 8 }, (_, n) => ({ ...createMessage(), to: `mike${n}@example.org` }));
    await Promise.all(messages.map((each) => assertDelivered(fixture, each)));
  });

  const addFailure = (name: string, which: "unreachable" | "refusing", permanent: boolean) =>
    add(name, async ({ [which]: mailer, tenant }) => {
      if (!mailer) return;
      const error = await assertRejects("send", () => mailer.send(createMessage(), createContext(tenant)));
      assertSame("permanent", (error as MailFailure | null | undefined)?.permanent === true, permanent);
    });
  addFailure("send rejects without permanent: true if the server cannot be reached", "unreachable", false);
  addFailure("send rejects with permanent: true if the server refuses for good", "refusing", true);

  return cases;
}

/** Emails that must arrive as they were sent. */
const VARIANTS: Record<string, (message: MailMessage) => MailMessage> = {
  "send delivers one complete email to one recipient": (message) => message,
  "send delivers an email without HTML": ({ html: _, ...textOnly }) => textOnly,
  "send keeps every script, and a link that is longer than a line": (message) => ({
    ...message,
    subject: `Смена пароля · パスワード · ${randomHex(8)}`,
    text: `Здравствуйте 😀\n\nhttps://app.example.com/password_reset/${randomHex(1200)}\n`,
  }),
  "send keeps lines that mean something to mail servers": (message) => ({
    ...message,
    text: "Hello\n.\n..\n.dot\nFrom Mike\n=3D\n--\nSubject: no\n",
  }),
  "send uses the address exactly as it is written": (message) => ({
    ...message,
    to: "o'brien+{a}|b%c=d/e#f@example.org",
  }),
};

async function assertDelivered({ mailer, received, tenant }: MailerFixture, message: MailMessage): Promise<void> {
  await mailer.send(Object.freeze(message), Object.freeze(createContext(tenant)));
  const emails = (await received()).filter(({ subject }) => subject === message.subject);
  assertSame("how many emails", emails.length, 1);
  const [email] = emails;
  assertSame("the recipients", email?.recipients, [message.to]);
  assertSame("the text", normalize(email?.text), normalize(message.text));
  if (message.html !== undefined) assertSame("the HTML", normalize(email?.html), normalize(message.html));
}

const createContext = (tenant = "acme"): MailContext => ({
  userId: "42",
  locale: "en",
  tenant,
  correlationId: randomHex(16),
  kind: "reset_link",
  jobId: crypto.randomUUID(),
  idempotencyKey: randomHex(42),
});

function createMessage(): MailMessage {
  const from = "Acme <noreply@example.com>";
  const url = `https://app.example.com/password_reset/${randomHex(42)}`;
  const expiresAt = new Date(Date.now() + 60 * 60_000);
  return {
    from,
    to: "mike@example.org",
    subject: `Reset ${randomHex(16)}`,
    text: `Hello\n\n${url}\n`,
    html: `<p>Hello</p><p>${url}</p>\n`,
    headers: createHeaders(randomHex(42), from),
    variables: { kind: "reset_link", appName: "Acme", url, expiresAt, validFor: "1 hour" },
  };
}

/** Undoes what email may change: it ends lines with CRLF, and may add a line break at the end. */
const normalize = (text: string | undefined): string | undefined => text?.replaceAll("\r\n", "\n").trimEnd();
