import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import nodemailer from "nodemailer";
import PostalMime, { type Email } from "postal-mime";
import { type NodemailerTransport, nodemailerMailer } from "relatch/nodemailer";
import { generate } from "selfsigned";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

// SMTP servers on the loopback interface, each with one peculiarity.

/** A key and its certificate for `localhost`. */
export async function localCertificate(): Promise<{ key: string; cert: string }> {
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
    ],
  });
  return { key, cert };
}

/** An email as a server received it. */
export interface ArrivedMail {
  recipients: string[];
  secure: boolean;
  user: string | undefined;
  mail: Email;
}

/** An error with which the hooks of a server refuse. */
export const smtpError = (responseCode: number, text = "no") => Object.assign(new Error(text), { responseCode });

export const relayAuth = { user: "relay", pass: "relay-secret" };

/** The hook of a server that accepts only `relayAuth`. */
export const onRelayAuth: NonNullable<SMTPServerOptions["onAuth"]> = ({ username, password }, _, done) =>
  username === relayAuth.user && password === relayAuth.pass
    ? done(null, { user: username })
    : done(smtpError(535, "Authentication credentials invalid"));

const open: (() => Promise<unknown>)[] = [];

/** Closes every server and mailer that was started here. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((close) => close()));
}

/** Starts a server of the package `smtp-server`, which keeps the emails that arrive. */
export async function startSmtpServer(options: SMTPServerOptions = {}) {
  const arrived: ArrivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    // Nobody trusts the default certificate.
    hideSTARTTLS: options.key === undefined,
    disableReverseLookup: true,
    closeTimeout: 50,
    async onData(stream, { secure, user, envelope }, done) {
      const recipients = envelope.rcptTo.map(({ address }) => address);
      const mail = await PostalMime.parse(Buffer.concat(await stream.toArray()));
      arrived.push({ recipients, secure, user, mail });
      done();
    },
    ...options,
  });
  // Some tests disconnect in the middle.
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  open.push(close);
  return { port: (server.server.address() as AddressInfo).port, arrived, close };
}

/** Starts a server that handles each connection as the test says. */
export async function startServer(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return (server.address() as AddressInfo).port;
}

/**
 * Serves a connection by responding to the first word of each line, and to the end of an email by the entry `"."`. With
 * `undefined` the server stays silent, with `null` it ends the connection.
 */
export function answeringLines(answers: Record<string, string | null | undefined>): (socket: Socket) => void {
  const usual: typeof answers = { "220": "220 hello", EHLO: "250 hello", MAIL: "250 ok", RCPT: "250 ok" };
  const words: typeof answers = { ...usual, DATA: "354 go on", ".": "250 ok", QUIT: "221 bye", ...answers };
  return (socket) => {
    let isMail = false;
    const respond = (word: string) => {
      const line = words[word];
      if (line === null) socket.destroy();
      else if (line !== undefined) socket.write(`${line}\r\n`);
      if (word === "DATA") isMail = line?.startsWith("354") ?? false;
    };
    let rest = "";
    respond("220");
    socket.on("data", (chunk) => {
      const lines = (rest + chunk.toString("latin1")).split("\r\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (!isMail) respond(line.split(" ")[0] ?? "");
        else if (line === ".") {
          isMail = false;
          respond(".");
        }
      }
    });
  };
}

/** Forwards a connection to another port and cuts it once the server has accepted the email. */
export function cutAfterMail(client: Socket, port: number): void {
  const server = connect(port, "127.0.0.1");
  server.on("error", () => {});
  let said = "";
  client.on("data", (chunk) => {
    said += chunk.toString("latin1");
    server.write(chunk);
  });
  server.on("data", (chunk) => {
    if (said.includes("\r\n.\r\n")) client.destroy();
    else client.write(chunk);
  });
  client.on("close", () => server.end());
}

/** Creates a mailer through nodemailer to a port of this machine. */
export function mailerTo(port: number, options: object = {}) {
  const transport = nodemailer.createTransport({
    host: "localhost",
    port,
    connectionTimeout: 3000,
    greetingTimeout: 3000,
    socketTimeout: 3000,
    ...options,
  });
  open.push(async () => transport.close());
  return nodemailerMailer(transport as NodemailerTransport);
}
