import { describe } from "vitest";
import { describeService } from "../../helpers/services.ts";
import { testKills } from "./kills.ts";
import { testLockedCommit } from "./locked-commit.ts";

await describeService("postgres", async (postgres) => {
  testKills("postgres", { postgres });
  await describeService("mysql", (mysql) => testKills("mysql", { postgres, mysql }));
  await describeService("redis", (redis) => testKills("redis", { postgres, redis }));
  describe("a process killed while its commit waits", () => testLockedCommit(postgres));
});
