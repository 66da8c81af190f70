import type { ResetUser } from "relatch";
import { GOOD_PASSWORD, type Harness, MIKE } from "../../harness.ts";

const accountOf = (name: string): ResetUser => ({ ...MIKE, id: name, email: `${name}@example.org` });

/** Accounts whose links come to an end, each in its own way. */
export const MORTALS: ResetUser[] = [
  "expired",
  "used",
  "superseded",
  "gone",
  "suspended",
  "moved",
  "changed",
  "foreign",
].map(accountOf);

/** Of a harness over {@link MORTALS}: a token for every reason there is to refuse one. */
export async function deadTokens(app: Harness): Promise<Record<string, string>> {
  const { users, passwordReset } = app;
  const tokens: Record<string, string> = {};
  const [first, ...others] = MORTALS.map(({ id }) => id) as [string, ...string[]];
  tokens[first] = await app.requestToken(`${first}@example.org`);
  app.clock.now += 61 * 60_000;
  for (const name of others) tokens[name] = await app.requestToken(`${name}@example.org`);

  await passwordReset.completeReset({ token: tokens["used"], newPassword: GOOD_PASSWORD });
  app.clock.now += 60_000;
  await app.requestToken("superseded@example.org");
  users.delete("gone");
  users.set({ ...accountOf("suspended"), resetAllowed: false });
  users.set({ ...accountOf("moved"), email: "elsewhere@example.org" });
  users.set({ ...accountOf("changed"), passwordHash: "changed-elsewhere" });
  users.set({ ...accountOf("foreign"), tenant: "blue" });
  await passwordReset.drain();
  return { ...tokens, unknown: "A".repeat(43), malformed: "x", "too long": "A".repeat(44) };
}
