import PostalMime, { type Email } from "postal-mime";
import { localCertificate, onRelayAuth, relayAuth, startSmtpServer as startServer } from "../email/smtp-servers.ts";

export const smtpCredentials = relayAuth;

/** An email as the server received it. */
export interface ReceivedMail {
  secure: boolean;
  user: string | undefined;
  from: string;
  recipients: string[];
  raw: string;
  parsed: Email;
}

/** Starts an SMTP server on the loopback interface that requires STARTTLS and a password. */
export async function startSmtpServer() {
  const { key, cert } = await localCertificate();
  const received: ReceivedMail[] = [];
  const waiting: ((mail: ReceivedMail) => void)[] = [];
  const { port, close } = await startServer({
    key,
    cert,
    authOptional: false,
    onAuth: onRelayAuth,
    async onData(stream, { secure, user, envelope }, done) {
      const raw = Buffer.concat(await stream.toArray());
      const from = envelope.mailFrom ? envelope.mailFrom.address : "";
      const recipients = envelope.rcptTo.map(({ address }) => address);
      const mail = { secure, user, from, recipients, raw: raw.toString("utf8"), parsed: await PostalMime.parse(raw) };
      done();
      const reader = waiting.shift();
      if (reader) reader(mail);
      else received.push(mail);
    },
  });
  /** Waits for the next email, in order. */
  const next = (): Promise<ReceivedMail> =>
    new Promise((resolve) => {
      const mail = received.shift();
      if (mail) resolve(mail);
      else waiting.push(resolve);
    });
  return { port, cert, next, close };
}
