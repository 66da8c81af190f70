import { fetchMailer, mailgun, postmark, resend, sendgrid } from "relatch/fetch";
import { type MailerFixture, mailerContract, type ReceivedMail } from "relatch/testing";
import { afterAll, describe, test } from "vitest";
import { answering, type SeenRequest, startHttpService } from "./http-service.ts";
import { FROM } from "./message.ts";
import { closeAll, mailerTo, smtpError, startServer, startSmtpServer } from "./smtp-servers.ts";

// The mailers of this package against the contract that it publishes, each with a real server behind it.

const services: Awaited<ReturnType<typeof startHttpService>>[] = [];
afterAll(async () => {
  await closeAll();
  await Promise.all(services.map((service) => service.close()));
});

async function smtpFixture(): Promise<MailerFixture> {
  const { port, arrived } = await startSmtpServer();
  const refusing = await startSmtpServer({
    onRcptTo: (_address, _session, done) => done(smtpError(550, "no such mailbox")),
  });
  return {
    mailer: mailerTo(port, { pool: true }),
    unreachable: mailerTo(await startServer((socket) => socket.destroy())),
    refusing: mailerTo(refusing.port),
    received: async () =>
      arrived.map(({ recipients, mail: { subject = "", text = "", html } }) => ({
        recipients,
        subject,
        text,
        html,
      })),
  };
}

interface ResendBody {
  to: string[];
  subject: string;
  text: string;
  html?: string;
}
interface PostmarkBody {
  To: string;
  Subject: string;
  TextBody: string;
  HtmlBody?: string;
}
interface SendgridBody {
  personalizations: { to: { email: string }[] }[];
  subject: string;
  content: { value: string }[];
}

/** What each service makes of a request. */
const readers: Record<string, (body: string) => ReceivedMail> = {
  resend(body) {
    const { to: recipients, subject, text, html }: ResendBody = JSON.parse(body);
    return { recipients, subject, text, html };
  },
  postmark(body) {
    const { To, Subject, TextBody, HtmlBody }: PostmarkBody = JSON.parse(body);
    return { recipients: [To], subject: Subject, text: TextBody, html: HtmlBody };
  },
  sendgrid(body) {
    const { personalizations, subject, content }: SendgridBody = JSON.parse(body);
    const recipients = personalizations.flatMap(({ to }) => to.map(({ email }) => email));
    return { recipients, subject, text: content[0]?.value ?? "", html: content[1]?.value };
  },
  mailgun(body) {
    const form = new URLSearchParams(body);
    const [to, subject, text] = ["to", "subject", "text"].map((name) => form.get(name) ?? "");
    return {
      recipients: [to ?? ""],
      subject: subject ?? "",
      text: text ?? "",
      html: form.get("html") ?? undefined,
    };
  },
};

const makers = {
  resend: (url: string) => resend({ apiKey: "key", url }),
  postmark: (url: string) => postmark({ apiKey: "key", url }),
  sendgrid: (url: string) => sendgrid({ apiKey: "key", url }),
  mailgun: (url: string) => mailgun({ apiKey: "key", url, domain: "mg.acme.example" }),
};

/** What each answers for a recipient that it will never mail. */
const refusals: Record<string, [number, unknown]> = {
  resend: [422, { name: "validation_error", message: "Invalid `to` field." }],
  postmark: [422, { ErrorCode: 406, Message: "inactive" }],
  sendgrid: [400, { errors: [{ field: "personalizations.0.to.0.email" }] }],
  mailgun: [400, { message: "to parameter is not a valid address" }],
};

async function httpFixture(name: keyof typeof makers): Promise<MailerFixture> {
  const taking = await startHttpService(answering(200));
  const [status, body] = refusals[name] ?? [];
  const refusing = await startHttpService(answering(status ?? 0, body));
  const busy = await startHttpService(answering(503));
  services.push(taking, refusing, busy);
  const mailer = ({ url }: { url: string }) => fetchMailer(makers[name](url), { from: FROM });
  return {
    mailer: mailer(taking),
    refusing: mailer(refusing),
    unreachable: mailer(busy),
    received: async () => taking.requests.map(({ body: sent }: SeenRequest) => readers[name]!(sent)),
  };
}

describe.each<[string, () => Promise<MailerFixture>]>([
  ["nodemailerMailer, to an SMTP server", smtpFixture],
  ...(Object.keys(makers) as (keyof typeof makers)[]).map((name): [string, () => Promise<MailerFixture>] => [
    `fetchMailer, to ${name}`,
    () => httpFixture(name),
  ]),
])("%s", (_, create) => {
  let shared: Promise<MailerFixture> | undefined;
  const cases = mailerContract(() => {
    shared ??= create();
    return shared;
  });
  test.each(cases.map((each) => [each.name, each] as const))("%s", (_name, { run }) => run());
});
