import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

/** An email as it arrived. */
export interface Mail {
  to: string;
  body: string;
}

/** An SMTP server that can hold an email between its last byte and the response. */
export async function mailServer({ onMail = (_: Mail) => {} } = {}) {
  const accepted: Mail[] = [];
  /** Emails that are being held, so that their senders wait for the response. */
  const held: { to: string; accept(): void }[] = [];
  let hold: (to: string) => boolean = () => false;

  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    logger: false,
    onData(stream, session, respond) {
      let raw = "";
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        raw += chunk;
      });
      stream.on("end", () => {
        const to = session.envelope.rcptTo[0]?.address ?? "";
        const accept = () => {
          const mail = { to, body: raw.replace(/=\r\n/g, "").replace(/=3D/g, "=") };
          accepted.push(mail);
          onMail(mail);
          respond();
        };
        if (hold(to)) held.push({ to, accept });
        else accept();
      });
    },
  });
  // A client that is killed resets its connection.
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}?ignoreTLS=true`,
    held,
    /** From now on, holds the emails to this address, or none. */
    holdFor(address: string | undefined) {
      hold = (to) => to === address;
    },
    to: (address: string) => accepted.filter(({ to }) => to === address),
    close: () => new Promise<void>((resolve) => server.close(resolve)),
  };
}

/** Returns the token of the link in an email. */
export const tokenIn = (mail: Mail | undefined): string => mail?.body.match(/password_reset\/([\w-]{43})/)?.[1] ?? "";
