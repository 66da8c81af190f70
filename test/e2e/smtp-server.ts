import type { AddressInfo } from "node:net";
import PostalMime, { type Email } from "postal-mime";
import { generate } from "selfsigned";
import { SMTPServer } from "smtp-server";

export const smtpCredentials = { user: "relay", pass: "relay-secret" };

/** A mail as the server got it, and how. */
export interface ReceivedMail {
  secure: boolean;
  user: string | undefined;
  from: string;
  recipients: string[];
  raw: string;
  parsed: Email;
}

/** An SMTP server on the loopback that insists on STARTTLS and on a password, and keeps what it is sent. */
export async function startSmtpServer() {
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
    ],
  });
  const received: ReceivedMail[] = [];
  const waiting: ((mail: ReceivedMail) => void)[] = [];

  const server = new SMTPServer({
    key,
    cert,
    authMethods: ["PLAIN", "LOGIN"],
    disableReverseLookup: true,
    onAuth({ username, password }, _session, done) {
      const known = username === smtpCredentials.user && password === smtpCredentials.pass;
      if (known) done(null, { user: username });
      else done(new Error("unknown user"));
    },
    async onData(stream, { secure, user, envelope }, done) {
      const raw = Buffer.concat(await stream.toArray());
      const mail = {
        secure,
        user,
        from: envelope.mailFrom ? envelope.mailFrom.address : "",
        recipients: envelope.rcptTo.map(({ address }) => address),
        raw: raw.toString("utf8"),
        parsed: await PostalMime.parse(raw),
      };
      done();
      const reader = waiting.shift();
      if (reader) reader(mail);
      else received.push(mail);
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    port: (server.server.address() as AddressInfo).port,
    /** To be trusted by who connects. */
    cert,
    /** The next mail that comes in, in order. */
    next: (): Promise<ReceivedMail> =>
      new Promise((resolve) => {
        const mail = received.shift();
        if (mail) resolve(mail);
        else waiting.push(resolve);
      }),
    close: (): Promise<void> => new Promise((resolve) => server.close(() => resolve())),
  };
}
