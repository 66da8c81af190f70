import nodemailer from "nodemailer";
import PostalMime from "postal-mime";
import type { MailContext } from "relatch";
import { nodemailerMailer } from "relatch/nodemailer";
import { describe, expect, test } from "vitest";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { ABOUT, failureOf, KEY, MESSAGE } from "./message.ts";

type From = Parameters<typeof nodemailerMailer>[1]["from"];

/** A mail from this sender, as nodemailer writes it. */
async function mailFrom(from: From, about: MailContext = ABOUT) {
  const transport = nodemailer.createTransport({ streamTransport: true, buffer: true });
  const sent: { message: unknown; envelope: { from: string | false } }[] = [];
  const keeping = { sendMail: async (mail: object) => sent.push(await transport.sendMail(mail)) };
  await nodemailerMailer(keeping, { from }).send(MESSAGE, about);
  const [info] = sent;
  const { from: parsed, messageId } = await PostalMime.parse(info?.message as Buffer);
  return { name: parsed?.name, address: parsed?.address, envelope: info?.envelope.from, messageId };
}

describe("a fixed sender", () => {
  test.each([
    ["no-reply@acme.example", "", "no-reply@acme.example"],
    ["Acme <no-reply@acme.example>", "Acme", "no-reply@acme.example"],
    ["  Acme & Söhne <No-Reply@ACME.example> ", "Acme & Söhne", "No-Reply@acme.example"],
    // Without quotes a comma would make two senders of it.
    ["Acme, Inc. <no-reply@acme.example>", "Acme, Inc.", "no-reply@acme.example"],
    ['"Acme, Inc." <no-reply@acme.example>', "Acme, Inc.", "no-reply@acme.example"],
    ['"The \\"A\\" \\\\ Co" <no-reply@acme.example>', 'The "A" \\ Co', "no-reply@acme.example"],
    ["evil@example.net <no-reply@acme.example>", "evil@example.net", "no-reply@acme.example"],
    ["Акме <no-reply@acme.example>", "Акме", "no-reply@acme.example"],
    ["Acme <no-reply@münchen.de>", "Acme", "no-reply@xn--mnchen-3ya.de"],
  ])("%s", async (from, name, address) => {
    const domain = address.split("@")[1];
    expect(await mailFrom(from)).toEqual({
      name,
      address,
      envelope: address,
      messageId: `<${KEY}@${domain}>`,
    });
  });

  test.each([
    undefined,
    null,
    7,
    "",
    "Acme",
    "Acme <>",
    "<a@b.example> Acme",
    "a@b.example, c@d.example",
    "a@b.example\r\nBcc: eve@evil.example",
    "Acme\u2028 <a@b.example>",
    "Acme <a@b@c.example>",
    "Acme <a@[127.0.0.1]>",
  ])("is refused at construction: %j", (from) => {
    expect(() => nodemailerMailer({ sendMail: async () => {} }, { from } as never)).toThrow(WRONG_OPTIONS);
  });
});

describe("a sender that is chosen for each mail", () => {
  const byTenant: From = ({ tenant }) => `${tenant} <no-reply@${tenant}.example>`;

  test("by its tenant, and the Message-ID with it", async () => {
    for (const tenant of ["blue", "green"]) {
      const address = `no-reply@${tenant}.example`;
      expect(await mailFrom(byTenant, { ...ABOUT, tenant })).toEqual({
        name: tenant,
        address,
        envelope: address,
        messageId: `<${KEY}@${tenant}.example>`,
      });
    }
  });

  test("may be looked up", async () => {
    expect(await mailFrom(async () => "a@b.example")).toMatchObject({ address: "a@b.example" });
  });

  test.each<[string, () => unknown]>([
    ["is none", () => "Acme"],
    ["would make a header", () => "a@b.example\r\nBcc: eve@evil.example"],
    ["is missing", () => undefined],
    [
      "throws",
      () => {
        throw new Error("no such tenant");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no such tenant"))],
  ])("fails the mail when it %s, before anything is sent", async (_, from) => {
    const sent: unknown[] = [];
    const mailer = nodemailerMailer({ sendMail: async (mail) => sent.push(mail) }, { from } as never);
    const failure = await failureOf(mailer.send(MESSAGE, ABOUT));
    expect(failure).toMatchObject({ unsent: true });
    expect(failure.permanent).not.toBe(true);
    expect(sent).toEqual([]);
  });
});
