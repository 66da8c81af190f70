import { connect, type Socket } from "node:net";
import { background, createPasswordReset, type ResetEvent } from "relatch";
import { memoryPorts } from "relatch/memory";
import { standardMessages } from "relatch/messages";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { GOOD_PASSWORD } from "../harness.ts";
import { describeUnless } from "../services.ts";
import { missingExim, relayAuth, startExim } from "./exim.ts";
import { answeringLines, closeAll, cutAfterMail, mailerTo, startServer } from "./smtp-servers.ts";

// A mail server takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// The whole way, from the request to the mailbox, through a mail server that people run.

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

  /** A password reset that sends to this port. */
  function resetOver(port: number, options: object, ...addresses: string[]) {
    const events: ResetEvent[] = [];
    const accounts = addresses.map((email, index) => ({ id: `${index}`, email, passwordHash: "old" }));
    const { passwordChanged } = standardMessages();
    const passwordReset = createPasswordReset({
      ...memoryPorts(accounts),
      mailer: mailerTo(port, options),
      appName: "Acme",
      resetUrl: "https://app.example.com/password_reset/:token",
      revokeSessions: false,
      dispatcher: background({ concurrency: 4 }),
      messages: { passwordChanged, noAccount: () => ({ subject: "No account", text: "You have none." }) },
      onEvent: (event) => events.push(event),
    });
    return {
      passwordReset,
      async request(...emails: string[]) {
        for (const email of emails) await passwordReset.requestReset({ email, ip: null });
        await passwordReset.drain();
        return exim.delivered();
      },
      happened: () =>
        events.map((event) => [event.type, "detail" in event ? event.detail : ""].join(" ").trim()),
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

  test("a link arrives over STARTTLS and AUTH, works, and so does the notice after it", async () => {
    const { passwordReset, request } = resetOver(exim.submission, submission(), "mike@example.org");
    const [first, ...more] = await request("mike@example.org");
    expect(more).toEqual([]);
    expect(first?.to).toBe("mike@example.org");
    expect(first?.raw).toMatch(/with esmtpsa .*TLS/);
    expect(first?.raw).toMatch(/^Return-path: <no-reply@acme\.example>$/m);
    expect(first?.raw).toMatch(/^Auto-Submitted: auto-generated$/m);
    expect(first?.raw).toMatch(/^Message-ID: <[A-Za-z0-9_-]{36}@acme\.example>$/m);

    const token = tokenIn(first?.mail.text);
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
    await passwordReset.drain();
    const mails = await exim.delivered();
    expect(mails.map(({ to }) => to)).toEqual(["mike@example.org", "mike@example.org"]);
    expect(new Set(mails.map(({ mail }) => mail.messageId)).size).toBe(2);
  });

  test("an address that nobody has gets its notice", async () => {
    const { request } = resetOver(exim.submission, submission());
    const mails = await request("stranger@example.org");
    expect(mails.map(({ to, mail }) => [to, mail.subject, mail.text?.trim()])).toEqual([
      ["stranger@example.org", "No account", "You have none."],
    ]);
  });

  test("addresses of all scripts arrive", async () => {
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

  test("greylisting delays a mail, and neither loses nor doubles it", async () => {
    const { request, happened } = resetOver(exim.submission, submission(), "greylisted@example.org");
    const mails = await request("greylisted@example.org");
    expect(mails.map(({ to }) => to)).toEqual(["greylisted@example.org"]);
    expect(happened()).toEqual(["reset_requested", "delivery_failed EENVELOPE 451", "mail_sent"]);
  });

  test("550 is the end of it", async () => {
    const { request, happened } = resetOver(exim.submission, submission(), "nobody@example.org");
    expect(await request("nobody@example.org")).toEqual([]);
    expect(happened()).toEqual(["reset_requested", "mail_refused EENVELOPE 550"]);
  });

  test.each([
    ["a wrong password", () => submission({ auth: { ...relayAuth, pass: "wrong" } }), "EAUTH 535"],
    ["no password", () => submission({ auth: undefined }), "EENVELOPE 530"],
    ["a certificate that we do not trust", () => submission({ tls: {} }), "ESOCKET"],
  ])("%s is ours to mend: tried again, reported, and no refusal", async (_, options, detail) => {
    const { request, happened } = resetOver(exim.submission, options(), "mike@example.org");
    expect(await request("mike@example.org")).toEqual([]);
    const failed = `delivery_failed ${detail}`;
    expect(happened()).toEqual(["reset_requested", ...Array(5).fill(failed), "job_dropped"]);
  });

  /** A server in front of Exim that does something else with its first connection. */
  function withFirst(serve: (socket: Socket) => void): Promise<number> {
    let connections = 0;
    return startServer((socket) => {
      connections += 1;
      if (connections === 1) return serve(socket);
      const through = connect(exim.relay, "127.0.0.1").on("error", () => {});
      socket.pipe(through).pipe(socket);
    });
  }
  const plain = { ignoreTLS: true, greetingTimeout: 300, socketTimeout: 600 };

  test.each([
    ["never greets", answeringLines({ "220": undefined })],
    ["goes at once", answeringLines({ "220": null })],
    ["hangs in the envelope", answeringLines({ RCPT: undefined })],
    ["goes in the envelope", answeringLines({ RCPT: null })],
    ["is shutting down", answeringLines({ "220": "421 later" })],
  ])("a server that %s costs a try, and the mail arrives once", async (_, serve) => {
    const { request, happened } = resetOver(await withFirst(serve), plain, "mike@example.org");
    expect(await request("mike@example.org")).toHaveLength(1);
    expect(happened().map((each) => each.split(" ")[0])).toEqual([
      "reset_requested",
      "delivery_failed",
      "mail_sent",
    ]);
  });

  test("a mail that was taken without an answer is sent again as the same mail: the link works in both", async () => {
    const port = await withFirst((socket) => cutAfterMail(socket, exim.relay));
    const { passwordReset, request } = resetOver(port, plain, "mike@example.org");
    const mails = await request("mike@example.org");
    expect(mails).toHaveLength(2);
    expect(new Set(mails.map(({ mail }) => mail.messageId)).size).toBe(1);
    expect(mails[0]?.mail.text).toBe(mails[1]?.mail.text);
    expect(await passwordReset.verifyToken(tokenIn(mails[0]?.mail.text))).toMatchObject({ ok: true });
  });

  test("and arrives once where the receiver drops duplicates, with the link that works", async () => {
    const port = await withFirst((socket) => cutAfterMail(socket, exim.relay));
    const { passwordReset, request } = resetOver(port, plain, "careful@example.org");
    const mails = await request("careful@example.org");
    expect(mails).toHaveLength(1);
    expect(exim.log()).toContain("a duplicate");
    expect(await passwordReset.verifyToken(tokenIn(mails[0]?.mail.text))).toMatchObject({ ok: true });
  });

  test("of fifty mails at once over a pool none is lost and none comes twice", async () => {
    const addresses = Array.from({ length: 50 }, (_, nth) => `user${nth}@example.org`);
    const options = submission({ pool: true, maxConnections: 3, maxMessages: 10 });
    const { request } = resetOver(exim.submission, options, ...addresses);
    const mails = await request(...addresses);
    expect(mails.map(({ to }) => to).sort()).toEqual([...addresses].sort());
  });
});
