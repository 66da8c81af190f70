import type { Answer, Client } from "../../e2e/client.ts";
import { RESET } from "../../e2e/contract/helpers.ts";
import type { Harness } from "../../harness.ts";

/** Asks for a link as a page does and as programs do. */
export const askBothWays = (client: Client, email: unknown): Promise<Answer[]> =>
  inOrder([
    () => client.post(RESET, typeof email === "string" ? { email } : {}),
    () => client.json(RESET, { email }),
  ]);

/** One after the other, as they stand. */
export async function inOrder<T>(steps: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  for (const step of steps) results.push(await step());
  return results;
}

/** Where the mails went, once all that were promised are out. */
export async function recipientsOf({ passwordReset, mailer }: Harness): Promise<string[]> {
  await passwordReset.drain();
  return mailer.sent.map(({ to }) => to);
}

export const times = <T>(count: number, make: (nth: number) => T): T[] =>
  Array.from({ length: count }, (_, nth) => make(nth));

/** Addresses of as many clients as there is need of. */
export const clientOf = (nth: number): string => `198.51.${nth >> 8}.${nth & 255}`;
