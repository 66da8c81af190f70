// Vitest's modules look for this in the global scope, so it must be there before any of them is loaded.

/** Of Vitest's defaults as much as is asked for. `vi.setConfig` writes into it. */
export const config = {
  root: "/",
  setupFiles: [],
  sequence: { shuffle: false, concurrent: false, seed: 0, hooks: "stack", setupFiles: "list" },
  maxConcurrency: 5,
  testTimeout: 60_000,
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
