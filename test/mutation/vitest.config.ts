import { mergeConfig } from "vitest/config";
import base from "../../vitest.config.ts";

// The unit tests of the core: what needs no server, no browser and no other process.
export default mergeConfig(base, {
  test: {
    include: ["test/*.test.ts", "test/stores/memory.test.ts", "test/mail/options.test.ts"],
    exclude: [
      "test/docs*.test.ts",
      "test/queue.test.ts",
      "test/getting-started.test.ts",
      "test/migrating.test.ts",
    ],
    typecheck: { enabled: false },
  },
});
