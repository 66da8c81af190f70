import { createServer } from "node:net";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { ABOUT, failureOf, KEY, MESSAGE } from "./message.ts";
import {
  answeringLines,
  closeAll,
  cutAfterMail,
  localCertificate,
  mailerTo,
  smtpError,
  startServer,
  startSmtpServer,
} from "./smtp-servers.ts";

// What nodemailer really throws, and what is made of it: real servers on the loopback.

afterEach(closeAll);

let tls: Awaited<ReturnType<typeof localCertificate>>;
beforeAll(async () => {
  tls = await localCertificate();
});

const REFUSED = { permanent: true, unsent: true };
const UNSENT = { permanent: false, unsent: true };
const UNKNOWN = { permanent: false, unsent: false };

describe("a server with STARTTLS and AUTH", () => {
  const auth = { user: "relay", pass: "relay-secret" };
  const secured = () =>
    startSmtpServer({
      ...tls,
      authOptional: false,
      onAuth: ({ username, password }, _, done) =>
        username === auth.user && password === auth.pass
          ? done(null, { user: username })
          : done(smtpError(535, "Authentication credentials invalid")),
    });

  test("gets the mail, with the header fields of an automatic one", async () => {
    const { port, arrived } = await secured();
    await mailerTo(port, { requireTLS: true, auth, tls: { ca: tls.cert } }).send(MESSAGE, ABOUT);
    const [{ mail, ...envelope } = { mail: undefined }, ...more] = arrived;
    expect(more).toEqual([]);
    expect(envelope).toEqual({ recipients: [MESSAGE.to], secure: true, user: "relay" });
    expect(mail).toMatchObject({ subject: MESSAGE.subject, messageId: `<${KEY}@acme.example>` });
    const headers = Object.fromEntries((mail?.headers ?? []).map(({ key, value }) => [key, value]));
    expect(headers).toMatchObject({
      "auto-submitted": "auto-generated",
      "x-auto-response-suppress": "OOF, AutoReply",
    });
    expect(Object.keys(headers).filter((name) => /^list-|^precedence$/.test(name))).toEqual([]);
    expect(Date.parse(mail?.date ?? "")).toBeGreaterThan(Date.now() - 60_000);
  });

  test.each([
    ["our password is wrong", { auth: { ...auth, pass: "wrong" } }, { code: "EAUTH", responseCode: 535 }],
    ["we have no password", { auth: undefined }, { code: "EENVELOPE", responseCode: 530 }],
    ["we do not trust its certificate", { tls: {} }, { code: "ESOCKET" }],
    ["its certificate is another host's", { tls: { servername: "mx.example" } }, {}],
  ])("when %s: tried again, and not the recipient's fault", async (_, change, error) => {
    const { port, arrived } = await secured();
    const options = { requireTLS: true, auth, tls: { ca: tls.cert }, ...change };
    const failure = await failureOf(mailerTo(port, options).send(MESSAGE, ABOUT));
    expect(failure).toMatchObject({ ...error, permanent: false });
    expect(failure.unsent).toBe(true);
    expect(arrived).toEqual([]);
  });

  test("that has no TLS, where we insist on it", async () => {
    const { port } = await startSmtpServer({ hideSTARTTLS: true, disabledCommands: ["STARTTLS"] });
    expect(await failureOf(mailerTo(port, { requireTLS: true }).send(MESSAGE, ABOUT))).toMatchObject(UNSENT);
  });
});

describe("a server that says no", () => {
  test.each([
    ["550 to the recipient", { onRcptTo: smtpError(550) }, REFUSED],
    ["551 to the recipient", { onRcptTo: smtpError(551) }, REFUSED],
    ["501 to the recipient", { onRcptTo: smtpError(501) }, REFUSED],
    ["450 to the recipient", { onRcptTo: smtpError(450) }, UNSENT],
    ["451: greylisted", { onRcptTo: smtpError(451) }, UNSENT],
    ["503 to the recipient", { onRcptTo: smtpError(503) }, UNSENT],
    ["550 5.1.8 to the recipient", { onRcptTo: smtpError(550, "5.1.8 sender's domain not found") }, UNSENT],
    ["550 to the sender", { onMailFrom: smtpError(550) }, UNSENT],
    ["552 to the sender", { onMailFrom: smtpError(552) }, REFUSED],
    ["530 to the sender", { onMailFrom: smtpError(530) }, UNSENT],
    ["451 to the sender", { onMailFrom: smtpError(451) }, UNSENT],
  ])("%s", async (_, { onRcptTo, onMailFrom }: Record<string, Error>, outcome) => {
    for (const hidePIPELINING of [false, true]) {
      const { port } = await startSmtpServer({
        hidePIPELINING,
        ...(onRcptTo ? { onRcptTo: (_address, _session, done) => done(onRcptTo) } : {}),
        ...(onMailFrom ? { onMailFrom: (_address, _session, done) => done(onMailFrom) } : {}),
      });
      const failure = await failureOf(mailerTo(port).send(MESSAGE, ABOUT));
      expect(failure).toMatchObject({ ...outcome, code: "EENVELOPE" });
    }
  });

  test.each([
    [554, REFUSED],
    [550, REFUSED],
    [452, UNSENT],
    [421, UNSENT],
  ])("%i after the mail", async (status, outcome) => {
    const { port } = await startSmtpServer({
      onData: (stream, _, done) => stream.resume().on("end", () => done(smtpError(status))),
    });
    expect(await failureOf(mailerTo(port).send(MESSAGE, ABOUT))).toMatchObject({
      ...outcome,
      responseCode: status,
    });
  });

  test("to a mail that is longer than it takes", async () => {
    const { port } = await startSmtpServer({ size: 200, rejectOversized: true });
    const failure = await failureOf(mailerTo(port).send(MESSAGE, ABOUT));
    expect(failure).toMatchObject(REFUSED);
  });

  test.each([
    ["421 instead of a greeting", { "220": "421 too busy" }],
    ["554 instead of a greeting", { "220": "554 no mail here" }],
    ["421 to the recipient, and goes", { RCPT: "421 shutting down" }],
    ["500 to EHLO and to HELO", { EHLO: "500 what?", HELO: "500 what?" }],
  ])("%s: tried again", async (_, answers) => {
    const port = await startServer(answeringLines(answers));
    expect(await failureOf(mailerTo(port).send(MESSAGE, ABOUT))).toMatchObject(UNSENT);
  });

  test("after the mail, over LMTP, where nodemailer resolves", async () => {
    for (const [status, outcome] of [
      [550, REFUSED],
      [452, UNSENT],
    ] as const) {
      const { port } = await startSmtpServer({
        lmtp: true,
        onData: (stream, _, done) => stream.resume().on("end", () => done(smtpError(status))),
      });
      const failure = await failureOf(mailerTo(port, { lmtp: true }).send(MESSAGE, ABOUT));
      expect(failure).toMatchObject({ ...outcome, responseCode: status });
    }
  });

  test("first and then yes, as greylisting does: the same mail arrives once", async () => {
    let tries = 0;
    const { port, arrived } = await startSmtpServer({
      onRcptTo: (_address, _session, done) => done(++tries === 1 ? smtpError(451) : null),
    });
    const mailer = mailerTo(port);
    expect(await failureOf(mailer.send(MESSAGE, ABOUT))).toMatchObject(UNSENT);
    await mailer.send(MESSAGE, ABOUT);
    expect(arrived.map(({ mail }) => mail.messageId)).toEqual([`<${KEY}@acme.example>`]);
  });
});

describe("a server that says nothing", () => {
  const soon = { greetingTimeout: 200, socketTimeout: 400 };

  test.each([
    ["is not there", undefined, UNSENT],
    ["never greets", answeringLines({ "220": undefined }), UNSENT],
    ["goes before it greets", answeringLines({ "220": null }), UNKNOWN],
    ["hangs in the envelope", answeringLines({ RCPT: undefined }), UNKNOWN],
    ["hangs after the mail", answeringLines({ ".": undefined }), UNKNOWN],
    ["goes in the envelope", answeringLines({ RCPT: null }), UNKNOWN],
    ["goes after the mail", answeringLines({ ".": null }), UNKNOWN],
  ])("and %s", async (_, serve, outcome) => {
    const port = serve ? await startServer(serve) : await closedPort();
    expect(await failureOf(mailerTo(port, soon).send(MESSAGE, ABOUT))).toMatchObject(outcome);
    const pooled = mailerTo(port, { ...soon, pool: true, maxRequeues: 0 });
    expect(await failureOf(pooled.send(MESSAGE, ABOUT))).toMatchObject({ permanent: false });
  });

  test("for its name is in no DNS", async () => {
    const failure = await failureOf(mailerTo(25, { host: "mx.invalid" }).send(MESSAGE, ABOUT));
    expect(failure).toMatchObject({ ...UNSENT, code: "EDNS" });
  });

  test("though it took the mail: the next try brings the same Message-ID, for the receiver to see", async () => {
    const { port, arrived } = await startSmtpServer();
    const cutting = await startServer((client) => cutAfterMail(client, port));
    expect(await failureOf(mailerTo(cutting).send(MESSAGE, ABOUT))).toMatchObject(UNKNOWN);
    await mailerTo(port).send(MESSAGE, ABOUT);
    const id = `<${KEY}@acme.example>`;
    expect(arrived.map(({ mail }) => mail.messageId)).toEqual([id, id]);
  });
});

describe("an address of all scripts", () => {
  test("arrives at a server with SMTPUTF8", async () => {
    const { port, arrived } = await startSmtpServer();
    await mailerTo(port).send({ ...MESSAGE, to: "josé@münchen.de" }, ABOUT);
    await mailerTo(port).send({ ...MESSAGE, to: "ida@münchen.de" }, ABOUT);
    expect(arrived.flatMap(({ recipients }) => recipients)).toEqual(["josé@münchen.de", "ida@münchen.de"]);
  });

  test("is refused by a server without it, for good", async () => {
    const port = await startServer(answeringLines({ RCPT: "553 5.6.7 not ASCII" }));
    const failure = await failureOf(mailerTo(port).send({ ...MESSAGE, to: "josé@example.org" }, ABOUT));
    expect(failure).toMatchObject(REFUSED);
  });

  test("and one that makes no envelope is refused for good, before anything is said", async () => {
    const { port, arrived } = await startSmtpServer();
    for (const to of ["", "<>", "no address"]) {
      expect(await failureOf(mailerTo(port).send({ ...MESSAGE, to }, ABOUT))).toMatchObject(REFUSED);
    }
    expect(arrived).toEqual([]);
  });
});

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
