import type { PasswordResetOptions } from "relatch";
import { expect } from "vitest";
import type { Answer } from "../../e2e/client.ts";
import { RESET } from "../../e2e/contract/helpers.ts";
import { type Harness, harness, MIKE } from "../../harness.ts";
import type { Front } from "./adapters.ts";
import { bytesOf, kinds } from "./answers.ts";
import { type Before, before } from "./before.ts";
import { inOrder } from "./front.ts";

export const HOUR = 60 * 60_000;

/** What a store may say of Mike's address. Three of these get a mail: Mike, with an old hash too, or with none. */
export const lookups: readonly Lookup[] = [
  MIKE,
  undefined,
  { ...MIKE, resetAllowed: false },
  { ...MIKE, passwordHash: null },
  { ...MIKE, tenant: "blue" },
  { ...MIKE, email: '"mike"@example.org' },
  { ...MIKE, id: "66", email: "eve@evil.example" },
  { ...MIKE, passwordHash: "md5$1$c4ca4238a0b923820dcc509a6f75849b" },
].map((account) => async () => account);

export type Lookup = Harness["users"]["findByEmail"];

/** The same request over every answer of the store, each time with an application of its own. */
export function eachBefore(
  options: Partial<PasswordResetOptions>,
  ask: (app: Harness) => Promise<unknown>,
  finds: readonly Lookup[] = lookups,
): Promise<Before[]> {
  return inOrder(
    finds.map((find) => () => {
      const app = harness(options);
      app.users.findByEmail = find;
      return before(app, ask);
    }),
  );
}

/** Asks for Mike. */
export const askAs =
  (more: object = {}) =>
  ({ passwordReset }: Harness) =>
    passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1", ...more });

/** The answers to a form and to JSON, over every answer of the store. The clock is turned: each is a first request. */
export async function eachOverRoutes(
  app: Front,
  finds: readonly Lookup[] = lookups,
  headers = {},
): Promise<Answer[][]> {
  return inOrder(
    finds.map((find) => async () => {
      app.users.findByEmail = find;
      const answers = await inOrder(
        [
          () => app.visitor().post(RESET, { email: MIKE.email }, headers),
          () => app.visitor().json(RESET, { email: MIKE.email }, headers),
        ].map((ask) => () => {
          app.clock.now += HOUR;
          return ask();
        }),
      );
      await app.passwordReset.drain();
      return answers;
    }),
  );
}

/** A page of one kind, and JSON of one kind, for all. */
export function expectOneKind(answers: Answer[][], statuses = [200, 200]): void {
  expect(answers.length).toBeGreaterThan(1);
  for (const [way, status] of statuses.entries()) {
    const all = answers.map((ways) => ways[way] as Answer);
    expect(kinds(all.map(bytesOf))).toHaveLength(1);
    expect(all[0]?.status).toBe(status);
  }
}
