import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { harness, MIKE } from "../../helpers/harness.ts";
import { findFreePort } from "../../helpers/ports.ts";
import { ABOUT, FROM, failureOf, KEY, MESSAGE } from "../../unit/mailers/message.ts";
import {
  answeringLines,
  closeAll,
  cutAfterMail,
  localCertificate,
  mailerTo,
  onRelayAuth,
  relayAuth,
  smtpError,
  startServer,
  startSmtpServer,
} from "./smtp-servers.ts";

// nodemailerMailer with real servers on the loopback interface: the errors of nodemailer, and how they are classified.

afterEach(closeAll);

let tls: Awaited<ReturnType<typeof localCertificate>>;
beforeAll(async () => {
  tls = await localCertificate();
});

/** Returns the failure of sending one email to this port. */
const failureAt = (port: number, options: object = {}, message: object = {}) =>
  failureOf(mailerTo(port, options).send({ ...MESSAGE, ...message }, ABOUT));

const REFUSED = { permanent: true };
const AGAIN = { permanent: false };

describe("a server with STARTTLS and AUTH", () => {
  const auth = relayAuth;
  const secured = () => startSmtpServer({ ...tls, authOptional: false, onAuth: onRelayAuth });

  test("receives the email with the header fields of an automatic one", async () => {
    const { port, arrived } = await secured();
    await mailerTo(port, { requireTLS: true, auth, tls: { ca: tls.cert } }).send(MESSAGE, ABOUT);
    const [{ mail, ...envelope } = { mail: undefined }, ...more] = arrived;
    expect(more).toEqual([]);
    expect(envelope).toEqual({ recipients: [MESSAGE.to], secure: true, user: "relay" });
    expect(mail).toMatchObject({ subject: MESSAGE.subject, messageId: `<${KEY}@acme.example>` });
    const headers = Object.fromEntries((mail?.headers ?? []).map(({ key, value }) => [key, value]));
    expect(headers).toMatchObject({ "auto-submitted": "auto-generated", "x-auto-response-suppress": "OOF, AutoReply" });
    expect(Object.keys(headers).filter((name) => /^list-|^precedence$/.test(name))).toEqual([]);
    expect(Date.parse(mail?.date ?? "")).toBeGreaterThan(Date.now() - 60_000);
  });

  test.each([
    ["a wrong password", { auth: { ...auth, pass: "wrong" } }, { code: "EAUTH", responseCode: 535 }],
    ["no password", { auth: undefined }, { code: "EENVELOPE", responseCode: 530 }],
    ["an untrusted certificate", { tls: {} }, { code: "ESOCKET" }],
    ["a certificate of another host", { tls: { servername: "mx.example" } }, {}],
  ])("%s leads to a retry, because it is not about the recipient", async (_, change, error) => {
    const { port, arrived } = await secured();
    const options = { requireTLS: true, auth, tls: { ca: tls.cert }, ...change };
    expect(await failureAt(port, options)).toMatchObject({ ...error, ...AGAIN });
    expect(arrived).toEqual([]);
  });

  test("a server without TLS leads to a retry if TLS is required", async () => {
    const { port } = await startSmtpServer({ hideSTARTTLS: true, disabledCommands: ["STARTTLS"] });
    expect(await failureAt(port, { requireTLS: true })).toMatchObject(AGAIN);
  });
});

test("three requests within an hour are three conversations for mail clients, although their subjects are the same", async () => {
  const { port, arrived } = await startSmtpServer();
  const { passwordReset, clock } = harness({ from: FROM, mailer: mailerTo(port) });
  for (let nth = 0; nth < 3; nth++, clock.now += 19 * 60_000) {
    await passwordReset.requestReset({ email: MIKE.email, ip: false });
    await passwordReset.drain();
  }
  expect(arrived.map(({ mail }) => mail.subject)).toEqual(Array(3).fill("Reset your Acme password"));
  // Mail clients group by any of these.
  const fields = ["message-id", "references", "x-entity-ref-id"];
  const ids = arrived.flatMap(({ mail }) => fields.map((name) => mail.headers.find(({ key }) => key === name)?.value));
  expect(ids).not.toContain(undefined);
  expect(new Set(ids).size).toBe(9);
  expect(arrived.flatMap(({ mail }) => mail.inReplyTo ?? [])).toEqual([]);
});

describe("a server that refuses", () => {
  test.each([
    ["550 to the recipient", { onRcptTo: smtpError(550) }, REFUSED],
    ["551 to the recipient", { onRcptTo: smtpError(551) }, REFUSED],
    ["501 to the recipient", { onRcptTo: smtpError(501) }, REFUSED],
    ["450 to the recipient", { onRcptTo: smtpError(450) }, AGAIN],
    ["451 (greylisting) to the recipient", { onRcptTo: smtpError(451) }, AGAIN],
    ["503 to the recipient", { onRcptTo: smtpError(503) }, AGAIN],
    ["550 5.1.8 to the recipient", { onRcptTo: smtpError(550, "5.1.8 sender's domain not found") }, AGAIN],
    ["550 to the sender", { onMailFrom: smtpError(550) }, AGAIN],
    ["552 to the sender", { onMailFrom: smtpError(552) }, REFUSED],
    ["530 to the sender", { onMailFrom: smtpError(530) }, AGAIN],
    ["451 to the sender", { onMailFrom: smtpError(451) }, AGAIN],
  ])("%s is classified", async (_, { onRcptTo, onMailFrom }: Record<string, Error>, outcome) => {
    for (const hidePIPELINING of [false, true]) {
      const { port } = await startSmtpServer({
        hidePIPELINING,
        ...(onRcptTo ? { onRcptTo: (_address, _session, done) => done(onRcptTo) } : {}),
        ...(onMailFrom ? { onMailFrom: (_address, _session, done) => done(onMailFrom) } : {}),
      });
      expect(await failureAt(port)).toMatchObject({ ...outcome, code: "EENVELOPE" });
    }
  });

  test.each([
    [554, "SMTP", REFUSED],
    [550, "SMTP", REFUSED],
    [452, "SMTP", AGAIN],
    [421, "SMTP", AGAIN],
    // nodemailer resolves then.
    [550, "LMTP", REFUSED],
    [452, "LMTP", AGAIN],
  ])("%i after the content is classified over %s", async (responseCode, protocol, outcome) => {
    const lmtp = protocol === "LMTP";
    const { port } = await startSmtpServer({
      lmtp,
      onData: (stream, _, done) => stream.resume().on("end", () => done(smtpError(responseCode))),
    });
    expect(await failureAt(port, { lmtp })).toMatchObject({ ...outcome, responseCode });
  });

  test("an email over the size limit of the server is refused for good", async () => {
    const { port } = await startSmtpServer({ size: 200, rejectOversized: true });
    expect(await failureAt(port)).toMatchObject(REFUSED);
  });

  test.each([
    ["421 instead of a greeting", { "220": "421 too busy" }],
    ["554 instead of a greeting", { "220": "554 no service here" }],
    ["421 to the recipient", { RCPT: "421 shutting down" }],
    ["500 to EHLO and to HELO", { EHLO: "500 what?", HELO: "500 what?" }],
  ])("%s leads to a retry", async (_, answers) => {
    const port = await startServer(answeringLines(answers));
    expect(await failureAt(port)).toMatchObject(AGAIN);
  });

  test("an email refused by greylisting arrives once after a retry", async () => {
    let attempts = 0;
    const { port, arrived } = await startSmtpServer({
      onRcptTo: (_address, _session, done) => done(++attempts === 1 ? smtpError(451) : null),
    });
    const mailer = mailerTo(port);
    expect(await failureOf(mailer.send(MESSAGE, ABOUT))).toMatchObject(AGAIN);
    await mailer.send(MESSAGE, ABOUT);
    expect(arrived.map(({ mail }) => mail.messageId)).toEqual([`<${KEY}@acme.example>`]);
  });
});

describe("a server that fails", () => {
  const soon = { greetingTimeout: 200, socketTimeout: 400 };

  test.each([
    ["is down", undefined, AGAIN],
    ["never greets", answeringLines({ "220": undefined }), AGAIN],
    ["disconnects before it greets", answeringLines({ "220": null }), AGAIN],
    ["hangs in the envelope", answeringLines({ RCPT: undefined }), AGAIN],
    ["hangs after the content", answeringLines({ ".": undefined }), AGAIN],
    ["disconnects in the envelope", answeringLines({ RCPT: null }), AGAIN],
    ["disconnects after the content", answeringLines({ ".": null }), AGAIN],
  ])("a server that %s leads to a retry", async (_, serve, outcome) => {
    const port = serve ? await startServer(serve) : await findFreePort();
    expect(await failureAt(port, soon)).toMatchObject(outcome);
    expect(await failureAt(port, { ...soon, pool: true, maxRequeues: 0 })).toMatchObject({ permanent: false });
  });

  test("a host without a DNS record leads to a retry", async () => {
    expect(await failureAt(25, { host: "mx.invalid" })).toMatchObject({ ...AGAIN, code: "EDNS" });
  });

  test("a retry after a lost response has the same Message-ID, so the receiver can drop the duplicate", async () => {
    const { port, arrived } = await startSmtpServer();
    const cutting = await startServer((client) => cutAfterMail(client, port));
    expect(await failureAt(cutting)).toMatchObject(AGAIN);
    await mailerTo(port).send(MESSAGE, ABOUT);
    const id = `<${KEY}@acme.example>`;
    expect(arrived.map(({ mail }) => mail.messageId)).toEqual([id, id]);
  });
});

describe("an internationalized address", () => {
  test("an email to an internationalized address arrives at a server with SMTPUTF8", async () => {
    const { port, arrived } = await startSmtpServer();
    await mailerTo(port).send({ ...MESSAGE, to: "josé@münchen.de" }, ABOUT);
    await mailerTo(port).send({ ...MESSAGE, to: "ida@münchen.de" }, ABOUT);
    expect(arrived.flatMap(({ recipients }) => recipients)).toEqual(["josé@münchen.de", "ida@münchen.de"]);
  });

  test("an internationalized address is refused for good by a server without SMTPUTF8", async () => {
    const port = await startServer(answeringLines({ RCPT: "553 5.6.7 not ASCII" }));
    expect(await failureAt(port, {}, { to: "josé@example.org" })).toMatchObject(REFUSED);
  });

  test("an invalid address is refused for good before anything is sent", async () => {
    const { port, arrived } = await startSmtpServer();
    for (const to of ["", "<>", "no address"]) expect(await failureAt(port, {}, { to })).toMatchObject(REFUSED);
    expect(arrived).toEqual([]);
  });
});
