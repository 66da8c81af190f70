import { defineConfig } from "vitest/config";
import base from "../../vitest.config.ts";

// The unit tests of the core: what needs no server, no browser and no other process. Not merged with the base, which
// would add its own tests to these.
export default defineConfig({
  ...base,
  test: {
    include: ["test/*.test.ts", "test/stores/memory.test.ts", "test/mail/options.test.ts"],
    exclude: [
      "test/docs*.test.ts",
      "test/queue.test.ts",
      "test/getting-started.test.ts",
      "test/migrating.test.ts",
    ],
  },
});
