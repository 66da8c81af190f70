import type { ChildProcess } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  addUser,
  createWorld,
  type Engine,
  emptyQueue,
  hasher,
  type Isolation,
  issueLink,
  naiveUserStores,
  openApplication,
  type Urls,
  type World,
} from "./application.ts";
import { bundleChild, type ChildScript } from "./child.ts";
import type { Opening, Race, RaceResult } from "./race.child.ts";
import { LONG, look, NEW, OLD, TIMEOUT } from "./scene.ts";

// If many callers in several processes complete one link at the same time, exactly one sets its password.

const TOKENS = LONG ? 500 : 8;
const PROCESSES = 4;
const CONCURRENT = 16;

let script: ChildScript;
let processes: ChildProcess[];

/** Starts the processes that race, for all tests of a file. */
export function startRacers(): void {
  beforeAll(async () => {
    script = await bundleChild("race.child");
    processes = Array.from({ length: PROCESSES }, () => script.start());
  });
  afterAll(() => script.remove());
}

export function testRaces(engine: Engine, urls: Urls, levels: Isolation[]): void {
  test.each(levels)(
    `one caller per link wins and its password is set, with tokens in ${engine} at %s`,
    async (isolation) => {
      const { world, destroy } = await createWorld(engine, urls, isolation);
      const { winners, others, verified, lostAtCommit } = await race(world, TOKENS).finally(destroy);
      if (LONG) console.info(`${engine}, ${isolation}: ${TOKENS} tokens, ${lostAtCommit} lost at the commit`);
      expect({ others, verified }).toEqual({
        others: { invalid_or_expired_token: TOKENS * (PROCESSES * CONCURRENT - 1) },
        verified: TOKENS,
      });
      expect(winners).toEqual(Array(TOKENS).fill(1));
      // Otherwise it was not a race.
      expect(lostAtCommit).toBeGreaterThan(TOKENS / 4);
    },
    TIMEOUT,
  );
}

/** Two processes get the same link and the same password, as from a double click behind a load balancer. */
export function testDoubleClicks(engine: Engine, urls: Urls): void {
  test(
    `a double click over two processes has one winner and one notice, with tokens in ${engine}`,
    async () => {
      const { world, destroy } = await createWorld(engine, urls);
      const rounds = await clickTwice(world, TOKENS).finally(destroy);
      if (LONG) console.info(`${engine}: ${TOKENS} double clicks`);
      const expected = { outcomes: ["invalid_or_expired_token", "won"], isEmpty: true };
      const state = { password: NEW, oldSessions: 0, notices: 1, valid: [] };
      expect(rounds).toEqual(Array(TOKENS).fill({ ...expected, state: expect.objectContaining(state) }));
    },
    TIMEOUT,
  );
}

async function clickTwice(world: World, count: number) {
  const application = await openApplication(world);
  const clicked = processes.slice(0, 2);
  const opening: Opening = { world, naive: undefined, concurrent: 1, isQueued: true };
  try {
    await Promise.all(clicked.map((child) => ask<"ready">(child, opening)));
    const rounds = [];
    for (let index = 0; index < count; index++) {
      const id = `user-${index}`;
      await addUser(application, id, OLD);
      const token = await issueLink(application, id);
      const click: Race = { token, passwords: [NEW], instances: "one" };
      // A worker in a third process looks at the jobs before and after the commit.
      const [results] = await Promise.all([
        Promise.all(clicked.map((child) => ask<RaceResult>(child, click))),
        emptyQueue(application, world.name, [0]),
      ]);
      const isEmpty = await emptyQueue(application, world.name);
      const outcomes = results.flatMap((result) => Object.values(result.outcomes)).sort();
      rounds.push({ outcomes, isEmpty, state: await look(application, id) });
    }
    return rounds;
  } finally {
    await application.close();
  }
}

export function testNaiveStores(engine: Engine, urls: Urls): void {
  test.each(Object.keys(naiveUserStores))(
    "several callers win with a user store %s (control)",
    async (naive) => {
      const { world, destroy } = await createWorld(engine, urls);
      const { winners } = await race(world, LONG ? 100 : 4, naive).finally(destroy);
      expect(winners.filter((count) => count !== 1).length).toBeGreaterThan(0);
    },
    TIMEOUT,
  );
}

interface Races {
  /** Per token, how many callers were told that they had set the password. */
  winners: number[];
  /** The results of all other callers. */
  others: Record<string, number>;
  /** How many accounts have the password of a winner. */
  verified: number;
  /** How many callers reached the commit and lost there. */
  lostAtCommit: number;
}

async function race(world: World, count: number, naive?: string): Promise<Races> {
  const application = await openApplication(world);
  const races: Races = { winners: [], others: {}, verified: 0, lostAtCommit: 0 };
  try {
    const opening: Opening = { world, naive, concurrent: CONCURRENT, isQueued: false };
    await Promise.all(processes.map((child) => ask<"ready">(child, opening)));
    for (let index = 0; index < count; index++) {
      const id = `user-${index}`;
      await addUser(application, id, OLD);
      const token = await issueLink(application, id);
      const results = await Promise.all(
        processes.map((child, number) => {
          const passwords = Array.from({ length: CONCURRENT }, (_, n) => `password ${number}/${n} of ${id}`);
          const message: Race = { token, passwords, instances: index % 2 === 0 ? "many" : "one" };
          return ask<RaceResult>(child, message);
        }),
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
      if (verified.includes(true)) races.verified += 1;
    }
  } finally {
    await application.close();
  }
  return races;
}

function ask<Reply>(child: ChildProcess, message: object): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const fail = (code: unknown) => reject(new Error(`A process ended with ${code}.`));
    child.once("exit", fail);
    child.once("message", (reply) => {
      child.off("exit", fail);
      resolve(reply as Reply);
    });
    child.send(message);
  });
}
