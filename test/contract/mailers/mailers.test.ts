import { fetchMailer, type MailService, mailgun, postmark, resend, sendgrid } from "relatch/fetch";
import { type MailerFixture, mailerContract, type ReceivedMail } from "relatch/testing";
import { afterAll, describe, test } from "vitest";
import { closeAll, mailerTo, smtpError, startServer, startSmtpServer } from "../../system/email/smtp-servers.ts";
import { respondWith, startHttpService } from "../../unit/mailers/http-service.ts";

// Runs the published contract against the mailers of this package, each with a server on the loopback interface.

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
      arrived.map(({ recipients, mail: { subject = "", text = "", html } }) => ({ recipients, subject, text, html })),
  };
}

/** By name: the mailer, how its service reads a request, and how it refuses a recipient for good. */
const HTTP: Record<
  string,
  [maker: (url: string) => MailService, read: (body: string) => ReceivedMail, refusal: [number, unknown]]
> = {
  resend: [
    (url) => resend({ apiKey: "key", url }),
    (body) => {
      const { to: recipients, subject, text, html }: ReceivedMail & { to: string[] } = JSON.parse(body);
      return { recipients, subject, text, html };
    },
    [422, { name: "validation_error", message: "Invalid `to` field." }],
  ],
  postmark: [
    (url) => postmark({ apiKey: "key", url }),
    (body) => {
      const { To = "", Subject = "", TextBody = "", HtmlBody }: Record<string, string | undefined> = JSON.parse(body);
      return { recipients: [To], subject: Subject, text: TextBody, html: HtmlBody };
    },
    [422, { ErrorCode: 406, Message: "inactive" }],
  ],
  sendgrid: [
    (url) => sendgrid({ apiKey: "key", url }),
    (body) => {
      type Body = { personalizations: { to: { email: string }[] }[]; subject: string; content: { value: string }[] };
      const { personalizations, subject, content }: Body = JSON.parse(body);
      const recipients = personalizations.flatMap(({ to }) => to.map(({ email }) => email));
      return { recipients, subject, text: content[0]?.value ?? "", html: content[1]?.value };
    },
    [400, { errors: [{ field: "personalizations.0.to.0.email" }] }],
  ],
  mailgun: [
    (url) => mailgun({ apiKey: "key", url, domain: "mg.acme.example" }),
    (body) => {
      const { to = "", subject = "", text = "", html } = Object.fromEntries(new URLSearchParams(body));
      return { recipients: [to], subject, text, html };
    },
    [400, { message: "to parameter is not a valid address" }],
  ],
};

async function httpFixture(name: string): Promise<MailerFixture> {
  const [maker, read, [status, body]] = HTTP[name]!;
  const taking = await startHttpService(respondWith(200));
  const refusing = await startHttpService(respondWith(status, body));
  const busy = await startHttpService(respondWith(503));
  services.push(taking, refusing, busy);
  const mailer = ({ url }: { url: string }) => fetchMailer(maker(url));
  return {
    mailer: mailer(taking),
    refusing: mailer(refusing),
    unreachable: mailer(busy),
    received: async () => taking.requests.map((request) => read(request.body)),
  };
}

describe.each(["nodemailerMailer over SMTP", ...Object.keys(HTTP)])("the mailer of %s", (name) => {
  let shared: Promise<MailerFixture> | undefined;
  const cases = mailerContract(() => {
    shared ??= name in HTTP ? httpFixture(name) : smtpFixture();
    return shared;
  });
  test.each(cases.map((each) => [each.name, each] as const))("%s", (_name, { run }) => run());
});
