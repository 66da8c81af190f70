import nodemailer from "nodemailer";
import PostalMime from "postal-mime";
import { nodemailerMailer } from "relatch/nodemailer";
import { describe, expect, test } from "vitest";
import { parseSender } from "../../../src/mailers/sender.ts";
import { relatchError } from "../../helpers/errors.ts";
import { ABOUT, failureOf, MESSAGE } from "./message.ts";

/** Sends an email from this sender and reads it as nodemailer writes it. */
async function sendFrom(from: string) {
  const transport = nodemailer.createTransport({ streamTransport: true, buffer: true });
  const sent: { message: unknown; envelope: { from: string | false } }[] = [];
  const keeping = { sendMail: async (email: object) => sent.push(await transport.sendMail(email)) };
  await nodemailerMailer(keeping).send({ ...MESSAGE, from }, ABOUT);
  const [info] = sent;
  const { from: parsed } = await PostalMime.parse(info?.message as Buffer);
  return { name: parsed?.name, address: parsed?.address, envelope: info?.envelope.from };
}

describe("a sender", () => {
  test.each([
    ["no-reply@acme.example", "", "no-reply@acme.example"],
    ["Acme <no-reply@acme.example>", "Acme", "no-reply@acme.example"],
    ["  Acme & Söhne <No-Reply@ACME.example> ", "Acme & Söhne", "No-Reply@acme.example"],
    // Without quotes, a comma would make it two senders.
    ["Acme, Inc. <no-reply@acme.example>", "Acme, Inc.", "no-reply@acme.example"],
    ['"Acme, Inc." <no-reply@acme.example>', "Acme, Inc.", "no-reply@acme.example"],
    ['"The \\"A\\" \\\\ Co" <no-reply@acme.example>', 'The "A" \\ Co', "no-reply@acme.example"],
    ["evil@example.net <no-reply@acme.example>", "evil@example.net", "no-reply@acme.example"],
    ["Акме <no-reply@acme.example>", "Акме", "no-reply@acme.example"],
    ["Acme <\u200bno-reply@acme.example\u00a0>", "Acme", "no-reply@acme.example"],
    ["Acme <no-reply@münchen.de>", "Acme", "no-reply@xn--mnchen-3ya.de"],
  ])("the sender %s is written as name and address", async (from, name, address) => {
    expect(await sendFrom(from)).toEqual({ name, address, envelope: address });
  });

  test.each([
    ...[undefined, null, 7, "", "Acme", "Acme <>", "<a@b.example> Acme", "a@b.example, c@d.example"],
    ...[
      "a@b.example\r\nBcc: eve@evil.example",
      "Acme\u2028 <a@b.example>",
      "Acme <a@b@c.example>",
      "Acme <a@[127.0.0.1]>",
    ],
  ])("a mailer refuses the sender %j and sends nothing", async (from) => {
    expect(() => parseSender(from)).toThrow(relatchError("ERR_OPTIONS", "from must be a sender") as Error);
    const sent: unknown[] = [];
    const mailer = nodemailerMailer({ sendMail: async (email) => sent.push(email) });
    expect((await failureOf(mailer.send({ ...MESSAGE, from } as never, ABOUT))).code).toBe("ERR_OPTIONS");
    expect(sent).toEqual([]);
  });

  test("the header of a sender can be parsed again", () => {
    for (const from of ["Acme, Inc. <a@b.example>", '"The \\"A\\" Co" <a@münchen.de>', "a@b.example"]) {
      const sender = parseSender(from);
      expect(parseSender(sender.header)).toEqual(sender);
    }
  });
});
