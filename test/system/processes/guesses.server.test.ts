import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeService } from "../../helpers/services.ts";
import { bundleChild, type ChildScript } from "./child.ts";
import { EMAIL, openGuesser } from "./guesses.ts";

// A code can be guessed, so all processes together must compare no more than five for one ticket.

const PROCESSES = 4;
const GUESSES = 16;

await describeService("redis", (url) => {
  let script: ChildScript;
  beforeAll(async () => {
    script = await bundleChild("guess.child");
  });
  afterAll(() => script?.remove());

  test.each([
    ["an account", EMAIL],
    ["an unknown address", "nobody@example.org"],
  ])(
    "64 guesses in four processes compare five codes of one ticket, for %s",
    async (_, email) => {
      const world = { url, prefix: `relatch-guesses-${randomUUID()}:` };
      const app = await openGuesser(world);
      try {
        const { ticket } = (await app.passwordReset.requestReset({ email, ip: false, method: "code" })) as {
          ticket: string;
        };
        await app.passwordReset.drain();
        const right = app.mailer.lastCode(EMAIL);
        expect(right === undefined).toBe(email !== EMAIL);
        const wrong = Array.from({ length: PROCESSES * GUESSES }, (__, index) => String(10_000_000 + index));
        const reasons = await Promise.all(
          Array.from({ length: PROCESSES }, async (__, nth) => {
            const child = script.start();
            child.send({ world, ticket, codes: wrong.slice(nth * GUESSES, (nth + 1) * GUESSES) });
            const [refused] = await once(child, "message");
            child.kill();
            return refused as string[];
          }),
        );
        const count = (reason: string) => reasons.flat().filter((each) => each === reason).length;
        expect([count("wrong_code"), count("too_many_attempts")]).toEqual([5, PROCESSES * GUESSES - 5]);
        // The right one comes too late.
        const late = await app.passwordReset.redeemCode({ ticket, code: right ?? "12345678" });
        expect(late).toEqual({ ok: false, reason: "invalid_or_expired_token" });
        expect(app.reasons).toEqual(["too_many_attempts"]);
      } finally {
        await app.clean();
        await app.close();
      }
    },
    60_000,
  );
});
