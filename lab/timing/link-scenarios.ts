import { drawProbes, flat, labelRows, timeProbes } from "./probes.ts";
import type { Scenario } from "./scenario.ts";
import type { Account } from "./schedule.ts";
import { subject } from "./subject.ts";

// Whether the time of a refused link tells how near it is to a link that works, or whose account it names. With a second
// factor: also whether that account has one.

/** Links from which the forged ones are made. */
const LINKS = 500;
/**
 * Links from which those of the class `unknown` and of the planted delay are made. Twice as many, because a processor is
 * faster with bytes that it has seen more often: each link must be the base of equally many forged ones.
 */
export const OTHERS = 2 * LINKS;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const storedLinks: Scenario = {
  name: "links",
  title:
    "In one process: a forged link (known: one character away from a link that works; unknown: from one of another server)",
  role: "server",
  async run(mode) {
    const drawn = drawProbes(mode);
    const { passwordReset, links } = await issueLinks({ secondFactor: true });
    const { links: others } = await issueLinks({}, OTHERS);
    const tokens = drawn.probes.map(({ state }) => flat(alter(pick(state === "known" ? links : others), 42)));
    return timeCalls(drawn, passwordReset, tokens);
  },
};

const signedLinks: Scenario = {
  name: "signed-links",
  title: "In one process: a forged signed token (known: of an account that exists; unknown: of none)",
  role: "server",
  async run(mode) {
    const drawn = drawProbes(mode);
    // Another key signed all of them. Of its accounts, only the first exist here.
    const { passwordReset } = await issueLinks({ signed: true, secondFactor: true });
    const { links } = await issueLinks({ signed: true, secondFactor: true }, LINKS + OTHERS);
    const [known, unknown] = [links.slice(0, LINKS), links.slice(LINKS)];
    const tokens = drawn.probes.map(({ state }) => flat(pick(state === "known" ? known : unknown)));
    return timeCalls(drawn, passwordReset, tokens);
  },
};

export const LINK_SCENARIOS: readonly Scenario[] = [storedLinks, signedLinks];

/** A password reset with accounts, each of which was sent a link, in the order of the accounts. */
export async function issueLinks(
  features: { signed?: boolean; secondFactor?: boolean } = {},
  count = LINKS,
): Promise<{ passwordReset: ReturnType<typeof subject>; links: readonly string[] }> {
  const accounts = Array.from(
    { length: count },
    (_, index): Account => ({ email: `owner.${index}@example.org`, state: "known" }),
  );
  const links: string[] = [];
  const passwordReset = subject({ ...features, accounts, onLink: (token) => links.push(token) });
  for (const { email } of accounts) {
    await passwordReset.requestReset({ email, ip: false });
  }
  await passwordReset.drain();
  const first = await passwordReset.verifyToken({ token: links[0] });
  if (!first.ok || links.length !== count) throw new Error(`${links.length} links, the first ${JSON.stringify(first)}`);
  return { passwordReset, links };
}

async function timeCalls(
  drawn: ReturnType<typeof drawProbes>,
  { verifyToken, completeReset }: ReturnType<typeof subject>,
  tokens: readonly string[],
) {
  const secondFactor = { method: "totp", response: "123456" };
  const mustFail = ({ ok }: { ok: boolean }) => {
    if (ok) throw new Error("a forged link was accepted");
  };
  const verified = await timeProbes(drawn, async ({ index }) => mustFail(await verifyToken({ token: tokens[index] })));
  const completed = await timeProbes(drawn, async ({ index }) =>
    mustFail(
      await completeReset({ token: tokens[index], newPassword: "correct horse battery", secondFactor } as never),
    ),
  );
  return [...labelRows("verifyToken", verified), ...labelRows("completeReset with a second factor", completed)];
}

/** Changes one of the first characters, at random. */
export function alter(token: string, length: number): string {
  const at = randomBelow(length);
  const others = [...ALPHABET].filter((character) => character !== token[at]);
  return token.slice(0, at) + others[randomBelow(others.length)] + token.slice(at + 1);
}

export const pick = <T>(items: readonly T[]): T => items[randomBelow(items.length)] as T;
const randomBelow = (limit: number): number => (crypto.getRandomValues(new Uint32Array(1))[0] as number) % limit;
