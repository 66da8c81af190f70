// What Vitest's own modules look for in the global scope, before any of them is loaded.

/** Of Vitest's defaults as much as is asked for. `vi.setConfig` writes into it. */
export const config = {
  root: "/",
  setupFiles: [],
  sequence: { shuffle: false, concurrent: false, seed: 0, hooks: "stack", setupFiles: "list" },
  maxConcurrency: 5,
  testTimeout: 5000,
  hookTimeout: 10_000,
  retry: 0,
  fakeTimers: {},
  expect: {},
  tags: [],
};

Object.assign(globalThis, {
  __vitest_worker__: {
    config,
    ctx: { pool: "workerd" },
    environment: { name: "workerd" },
    evaluatedModules: { idToModuleMap: new Map() },
    resolvingModules: new Set(),
  },
});
