import type { ChildProcess } from "node:child_process";
import { inline } from "relatch";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeService } from "../services.ts";
import {
  addUser,
  createWorld,
  type Engine,
  emailOf,
  hasher,
  type Isolation,
  naiveUserStores,
  openApplication,
  passwordResetOf,
  type Urls,
  type World,
} from "./application.ts";
import { type ChildScript, childScript } from "./child.ts";
import type { Opening, Race, RaceResult } from "./exactly-once.child.ts";

// Of all callers that complete one link at the same time, in however many processes, exactly one sets its password.

const LONG = process.env["RELATCH_PROCESSES"] === "long";
const TOKENS = LONG ? 500 : 20;
const PROCESSES = 4;
const CONCURRENT = 16;

let script: ChildScript;
let processes: ChildProcess[];
beforeAll(async () => {
  script = await childScript("exactly-once.child");
  processes = Array.from({ length: PROCESSES }, () => script.start());
});
afterAll(() => script.remove());

const LEVELS: Isolation[] = ["read committed", "repeatable read"];

await describeService("postgres", async (postgres) => {
  tokensIn("postgres", { postgres });
  tokensIn("sqlite", { postgres });
  await describeService("mysql", (mysql) => tokensIn("mysql", { postgres, mysql }));
  await describeService("redis", (redis) => tokensIn("redis", { postgres, redis }));

  test.each(Object.keys(naiveUserStores))(
    "control: a user store %s lets several win",
    async (naive) => {
      const { world, destroy } = await createWorld("postgres", { postgres });
      const { winners } = await race(world, LONG ? 100 : 10, naive).finally(destroy);
      const violations = winners.filter((count) => count !== 1);
      report(`control, ${naive}: ${violations.length} of ${winners.length} tokens were used more than once`);
      expect(violations.length).toBeGreaterThan(0);
    },
    120_000,
  );
});

function tokensIn(engine: Engine, urls: Urls): void {
  test.each(LEVELS)(
    `tokens in ${engine}, %s: one winner a token, its password stands, nobody sees an error`,
    async (isolation) => {
      const { world, destroy } = await createWorld(engine, urls, isolation);
      const { winners, others, standing, lostAtCommit } = await race(world, TOKENS).finally(destroy);
      report(`${engine}, ${isolation}: ${TOKENS} tokens, ${lostAtCommit} callers lost at the commit`);
      expect({ others, standing }).toEqual({
        others: { invalid_or_expired_token: TOKENS * (PROCESSES * CONCURRENT - 1) },
        standing: TOKENS,
      });
      expect(winners).toEqual(Array(TOKENS).fill(1));
      // Or it was no race.
      expect(lostAtCommit).toBeGreaterThan(TOKENS / 4);
    },
    LONG ? 600_000 : 120_000,
  );
}

interface Races {
  /** Per token, how many callers were told that they had set the password. */
  winners: number[];
  /** What the others were told. */
  others: Record<string, number>;
  /** How many accounts have the password of a winner. */
  standing: number;
  /** How many callers got as far as the commit, and lost there. */
  lostAtCommit: number;
}

async function race(world: World, count: number, naive?: string): Promise<Races> {
  const application = await openApplication(world);
  const races: Races = { winners: [], others: {}, standing: 0, lostAtCommit: 0 };
  try {
    const opening: Opening = { world, naive, concurrent: CONCURRENT };
    await Promise.all(processes.map((child) => ask<"ready">(child, opening)));
    const passwordReset = passwordResetOf(application, world.name, { dispatcher: inline() });

    for (let index = 0; index < count; index++) {
      const id = `user-${index}`;
      await addUser(application, id, "the old password");
      await passwordReset.requestReset({ email: emailOf(id), ip: null });
      const { rows } = await application.db.query("SELECT token FROM mails WHERE user_id = $1", [id]);

      const results = await Promise.all(
        processes.map((child, number) =>
          ask<RaceResult>(child, {
            token: rows[0].token,
            passwords: Array.from({ length: CONCURRENT }, (_, turn) => `password ${number}/${turn} of ${id}`),
            instances: index % 2 === 0 ? "many" : "one",
          } satisfies Race),
        ),
      );
      const outcomes = results.flatMap((result) => Object.entries(result.outcomes));
      const won = outcomes.filter(([, outcome]) => outcome === "won").map(([password]) => password);
      races.winners.push(won.length);
      for (const [, outcome] of outcomes.filter(([, outcome]) => outcome !== "won")) {
        races.others[outcome] = (races.others[outcome] ?? 0) + 1;
      }
      races.lostAtCommit += results.reduce((sum, result) => sum + result.lostAtCommit, 0);
      const user = await application.users.findById(id);
      const verified = await Promise.all(won.map((password) => hasher.verify(user!.passwordHash!, password)));
      if (verified.includes(true)) races.standing += 1;
    }
  } finally {
    await application.close();
  }
  return races;
}

function ask<Answer>(child: ChildProcess, message: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const died = (code: unknown) => reject(new Error(`a process ended: ${code}`));
    child.once("exit", died);
    child.once("message", (answer) => {
      child.off("exit", died);
      resolve(answer as Answer);
    });
    child.send(message);
  });
}

const report = (line: string): void => {
  if (LONG) console.info(line);
};
