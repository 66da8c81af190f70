import { describeService } from "../../helpers/services.ts";
import { testChanges } from "./changes.ts";

await describeService("postgres", async (postgres) => {
  testChanges("postgres", { postgres });
  await describeService("mysql", (mysql) => testChanges("mysql", { postgres, mysql }));
  await describeService("redis", (redis) => testChanges("redis", { postgres, redis }));
});
