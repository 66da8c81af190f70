import { connect } from "node:net";
import { background, createPasswordReset, type ResetEvent } from "relatch";
import { memoryPorts } from "relatch/memory";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { GOOD_PASSWORD } from "../../helpers/harness.ts";
import { describeUnless } from "../../helpers/services.ts";
import { FROM } from "../../unit/mailers/message.ts";
import { missingExim, startExim } from "./exim.ts";
import { closeAll, cutAfterMail, mailerTo, relayAuth, startServer } from "./smtp-servers.ts";

// A mail server takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// A reset from the request to the mailbox through a common mail server.

describeUnless(missingExim, "through Exim to a mailbox", () => {
  let exim: Awaited<ReturnType<typeof startExim>>;
  beforeAll(async () => {
    exim = await startExim();
  });
  afterAll(() => exim.stop());
  afterEach(async () => {
    await closeAll();
    exim.forget();
  });

  /** Creates a password reset that sends to this port. */
  function resetOver(port: number, options: object, ...addresses: string[]) {
    const events: ResetEvent[] = [];
    const accounts = addresses.map((email, index) => ({ id: `${index}`, email, passwordHash: "old" }));
    const passwordReset = createPasswordReset({
      ...memoryPorts(accounts),
      mailer: mailerTo(port, options),
      from: FROM,
      appName: "Acme",
      resetUrl: "https://app.example.com/password_reset/:token",
      revokeSessions: false,
      dispatcher: background({ concurrency: 4 }),
      onEvent: (event) => events.push(event),
    });
    return {
      passwordReset,
      async request(...emails: string[]) {
        for (const email of emails) await passwordReset.requestReset({ email, ip: false });
        await passwordReset.drain();
        return exim.delivered();
      },
      happened: () => events.map((event) => [event.type, "detail" in event ? event.detail : ""].join(" ").trim()),
    };
  }

  const submission = (more: object = {}) => ({
    requireTLS: true,
    auth: relayAuth,
    tls: { ca: exim.cert },
    // Its first TLS connection may take seconds on a busy machine.
    connectionTimeout: 20_000,
    greetingTimeout: 20_000,
    socketTimeout: 20_000,
    ...more,
  });
  const tokenIn = (text = "") => /password_reset\/(\S+)/.exec(text)?.[1];

  test("a link arrives over STARTTLS and AUTH and works, and the notice arrives after it", async () => {
    const { passwordReset, request } = resetOver(exim.submission, submission(), "mike@example.org");
    const [first, ...more] = await request("mike@example.org");
    expect(more).toEqual([]);
    expect(first?.to).toBe("mike@example.org");
    expect(first?.raw).toMatch(/with esmtpsa .*TLS/);
    expect(first?.raw).toMatch(/^Return-path: <no-reply@acme\.example>$/m);
    expect(first?.raw).toMatch(/^Auto-Submitted: auto-generated$/m);
    expect(first?.raw).toMatch(/^Message-ID: <[A-Za-z0-9_-]{43}@acme\.example>$/m);

    const token = tokenIn(first?.mail.text);
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({ ok: true });
    await passwordReset.drain();
    const mails = await exim.delivered();
    expect(mails.map(({ to }) => to)).toEqual(["mike@example.org", "mike@example.org"]);
    expect(new Set(mails.map(({ mail }) => mail.messageId)).size).toBe(2);
  });

  test("emails to internationalized addresses arrive", async () => {
    const addresses = ["josé@example.org", "ida@münchen.de", "josé@münchen.de"];
    const { request } = resetOver(exim.submission, submission(), ...addresses);
    const mails = await request(...addresses);
    expect(mails.map(({ to }) => to).sort()).toEqual([
      "ida@xn--mnchen-3ya.de",
      "josé@example.org",
      // With SMTPUTF8 the host may stay as it is (RFC 6531 §3.3).
      "josé@münchen.de",
    ]);
  });

  test("greylisting delays an email and neither loses nor duplicates it", async () => {
    const { request, happened } = resetOver(exim.submission, submission(), "greylisted@example.org");
    const mails = await request("greylisted@example.org");
    expect(mails.map(({ to }) => to)).toEqual(["greylisted@example.org"]);
    expect(happened()).toEqual(["reset_requested", "delivery_failed EENVELOPE 451", "mail_sent"]);
  });

  test("a mailbox that refuses with 550 gets no further attempt", async () => {
    const { request, happened } = resetOver(exim.submission, submission(), "nobody@example.org");
    expect(await request("nobody@example.org")).toEqual([]);
    expect(happened()).toEqual(["reset_requested", "mail_refused EENVELOPE 550"]);
  });

  /** Starts a server in front of Exim that cuts its first connection once the email is accepted. */
  function withLostAcceptance(): Promise<number> {
    let connections = 0;
    return startServer((socket) => {
      connections += 1;
      if (connections === 1) return cutAfterMail(socket, exim.relay);
      const through = connect(exim.relay, "127.0.0.1").on("error", () => {});
      socket.pipe(through).pipe(socket);
    });
  }
  const plain = { ignoreTLS: true, greetingTimeout: 300, socketTimeout: 600 };

  test("an email whose acceptance got lost is sent again with another link, and both work", async () => {
    const { passwordReset, request } = resetOver(await withLostAcceptance(), plain, "mike@example.org");
    const mails = await request("mike@example.org");
    expect(mails).toHaveLength(2);
    expect(new Set(mails.map(({ mail }) => mail.messageId)).size).toBe(1);
    const tokens = mails.map(({ mail }) => tokenIn(mail.text));
    expect(new Set(tokens).size).toBe(2);
    for (const token of tokens) expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
  });

  test("an email sent twice arrives once if the receiver drops duplicates, with the valid link", async () => {
    const { passwordReset, request } = resetOver(await withLostAcceptance(), plain, "careful@example.org");
    const mails = await request("careful@example.org");
    expect(mails).toHaveLength(1);
    expect(exim.log()).toContain("a duplicate");
    const token = tokenIn(mails[0]?.mail.text);
    expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
  });

  test("fifty concurrent emails over a pool all arrive, each once", async () => {
    const addresses = Array.from({ length: 50 }, (_, nth) => `user${nth}@example.org`);
    const options = submission({ pool: true, maxConnections: 3, maxMessages: 10 });
    const { request } = resetOver(exim.submission, options, ...addresses);
    const mails = await request(...addresses);
    expect(mails.map(({ to }) => to).sort()).toEqual([...addresses].sort());
  });
});
