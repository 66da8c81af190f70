import nodemailer from "nodemailer";
import type { Mailer, PasswordResetOptions } from "relatch";
import { type NodemailerTransport, nodemailerMailer } from "relatch/nodemailer";
import { type ReceivedMail, smtpCredentials, startSmtpServer } from "../../e2e/smtp-server.ts";
import { GOOD_PASSWORD, type Harness, harness, MIKE } from "../../harness.ts";

/** A mail server that keeps what it gets, and the mailer of this package on the way there. */
export interface Post {
  mailer: Mailer;
  /** The mails that came since the last call, in order. */
  collect(): ReceivedMail[];
  close(): Promise<void>;
}

/** Over TLS, with a password, by nodemailer's own transport. */
export async function startPost(): Promise<Post> {
  const server = await startSmtpServer();
  const transport = nodemailer.createTransport({
    host: "localhost",
    port: server.port,
    requireTLS: true,
    tls: { ca: [server.cert] },
    auth: smtpCredentials,
    pool: true,
    maxMessages: Number.POSITIVE_INFINITY,
  });
  const arrived: ReceivedMail[] = [];
  let isOpen = true;
  const keep = (mail: ReceivedMail): void => {
    arrived.push(mail);
    if (isOpen) void server.next().then(keep);
  };
  void server.next().then(keep);
  return {
    mailer: nodemailerMailer(transport as NodemailerTransport, { from: "Acme <no-reply@acme.example>" }),
    collect: () => arrived.splice(0),
    async close() {
      isOpen = false;
      transport.close();
      await server.close();
    },
  };
}

/** What somebody else may have chosen, and what is in a mail. */
export interface Chosen extends Partial<PasswordResetOptions> {
  /** The name on the account. */
  name?: string;
}

/** The mail with the link, as a mail server gets it, and the link. */
export interface ResetMail {
  link: string;
  reset: ReceivedMail;
}

/** And the notice after it. */
export interface Mails extends ResetMail {
  notice: ReceivedMail;
}

export const resetMailOf = async (post: Post, chosen: Chosen): Promise<ResetMail> => {
  const { link, reset } = await askFor(post, chosen);
  return { link, reset };
};

/** Resets a password by mail. */
export async function mailsOf(post: Post, chosen: Chosen): Promise<Mails> {
  const { app, link, reset } = await askFor(post, chosen);
  await app.passwordReset.completeReset({ token: link.slice(-43), newPassword: GOOD_PASSWORD });
  return { link, reset, notice: await nextMail(post, app) };
}

async function askFor(
  post: Post,
  { name = "Mike", ...options }: Chosen,
): Promise<ResetMail & { app: Harness }> {
  let link = "";
  const mailer: Mailer = {
    async send(message, about) {
      link ||= /^https?:\/\/\S+$/m.exec(message.text)?.[0] ?? "";
      await post.mailer.send(message, about);
    },
  };
  const app = harness({ accounts: [{ ...MIKE, name }], ...options, mailer });
  await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
  return { app, reset: await nextMail(post, app), link };
}

async function nextMail(post: Post, { passwordReset, events }: Harness): Promise<ReceivedMail> {
  await passwordReset.drain();
  const [mail, ...more] = post.collect();
  if (mail && more.length === 0) return mail;
  throw new Error(`${mail ? "more than one mail" : "no mail"}: ${JSON.stringify(events)}`);
}
