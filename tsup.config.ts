import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { defineConfig } from "tsup";

/** Puts the value of `common-passwords.ts` into the bundle, in place of the package that it is taken from. */
const evaluatedAtBuild: Plugin = {
  name: "evaluated-at-build",
  setup(build) {
    build.onLoad({ filter: /\bcommon-passwords\.ts$/ }, async () => {
      const { commonPasswords } = await import("./src/common-passwords.ts");
      const list = JSON.stringify([...commonPasswords].join(" "));
      return { contents: `export const commonPasswords = new Set(${list}.split(" "));` };
    });
  },
};

/** Takes SHA-256 alone out of a module with all its relatives, which no bundler can prove unused. */
const sha256Alone: Plugin = {
  name: "sha256-alone",
  setup(build) {
    build.onResolve({ filter: /^@oslojs\/crypto\/sha2$/ }, ({ path }) => ({
      path: fileURLToPath(import.meta.resolve(path)).replace(/index\.js$/, "sha256.js"),
    }));
  },
};

/** The same for the few bytes of it that write numbers. */
const bigEndianAlone: Plugin = {
  name: "big-endian-alone",
  setup(build) {
    const path = fileURLToPath(new URL("./src/big-endian.ts", import.meta.url));
    build.onResolve({ filter: /^@oslojs\/binary$/ }, () => ({ path }));
  },
};

export default defineConfig({
  entry: {
    index: "src/index.ts",
    languages: "src/languages.ts",
    messages: "src/mail/messages.ts",
    nodemailer: "src/mailers/nodemailer.ts",
    fetch: "src/mailers/fetch.ts",
    console: "src/mailers/console.ts",
    combine: "src/mailers/combine.ts",
    mysql: "src/stores/mysql.ts",
    // Here, so that the hashes come first in the core's bundle: they have least in common with the rest of it, which a
    // compressor can look back on for 32 KB only.
    memory: "src/memory.ts",
    postgres: "src/stores/postgres.ts",
    redis: "src/stores/redis.ts",
    sqlite: "src/stores/sqlite.ts",
    "rate-limiter-flexible": "src/limiters/rate-limiter-flexible.ts",
    testing: "src/testing.ts",
  },
  format: "esm",
  target: "es2022",
  platform: "neutral",
  splitting: true,
  // One file loads in a third of the time of ten, which is what a cold start waits for.
  noExternal: [/^@oslojs\//],
  dts: true,
  clean: true,
  esbuildPlugins: [evaluatedAtBuild, sha256Alone, bigEndianAlone],
});
