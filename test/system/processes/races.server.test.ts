import { describeService } from "../../helpers/services.ts";
import type { Isolation } from "./application.ts";
import { startRacers, testDoubleClicks, testNaiveStores, testRaces } from "./races.ts";

const LEVELS: Isolation[] = ["read committed", "repeatable read"];

startRacers();
await describeService("postgres", async (postgres) => {
  testRaces("postgres", { postgres }, LEVELS);
  testDoubleClicks("postgres", { postgres });
  testNaiveStores("postgres", { postgres });
  await describeService("mysql", (mysql) => {
    testRaces("mysql", { postgres, mysql }, LEVELS);
    testDoubleClicks("mysql", { postgres, mysql });
  });
  await describeService("redis", (redis) => {
    testRaces("redis", { postgres, redis }, LEVELS);
    testDoubleClicks("redis", { postgres, redis });
  });
});
