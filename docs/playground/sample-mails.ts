import { createWorld, tokenIn } from "./world.ts";

/** Returns one of each email that the playground can send, for the page's policy: it admits their styles and no others. */
export async function sampleMails(): Promise<string[]> {
  const { passwordReset, mails } = await createWorld(() => {}, 0);
  await passwordReset.requestReset({ email: "mike@example.org", ip: false });
  await passwordReset.drain();
  const [link] = mails;
  await passwordReset.completeReset({ token: link && tokenIn(link), newPassword: crypto.randomUUID() });
  await passwordReset.drain();
  return mails.map(({ html = "" }) => html);
}
