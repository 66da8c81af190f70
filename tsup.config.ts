import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { defineConfig, type Options } from "tsup";
import { entries } from "./entries.ts";
import { sbomOf } from "./sbom.ts";

/** The packages of which at least one byte is in the output. */
const builtIn = new Set<string>();

/** Records the packages whose code esbuild keeps. */
const recordBuiltIn: Plugin = {
  name: "record-built-in",
  setup(build) {
    build.onEnd(({ metafile }) => {
      for (const { inputs } of Object.values(metafile?.outputs ?? {})) {
        for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
          const [, name] = /.*\bnode_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
          if (name !== undefined && bytesInOutput > 0) builtIn.add(name);
        }
      }
    });
  },
};

/** Replaces `common-passwords.ts` by the list it computes, so that the package it comes from is not bundled. */
const evaluateCommonPasswords: Plugin = {
  name: "evaluate-common-passwords",
  setup(build) {
    build.onLoad({ filter: /\bcommon-passwords\.ts$/ }, async () => {
      const { commonPasswords } = await import("./src/passwords/common-passwords.ts");
      builtIn.add("@zxcvbn-ts/language-common");
      const list = JSON.stringify([...commonPasswords].join(" "));
      return { contents: `export const commonPasswords = new Set(${list}.split(" "));` };
    });
  },
};

/** Loads chunks by `require` in CommonJS, because Jest has no `import()` there. */
const requireChunks: NonNullable<Options["plugins"]>[number] = {
  name: "require-chunks",
  renderChunk(code) {
    if (this.format !== "cjs") return;
    return { code: code.replace(/\bimport\(("[^"]+")\)/g, "Promise.resolve().then(() => require($1))") };
  },
};

export default defineConfig(({ outDir = "dist" }) => ({
  entry: Object.fromEntries(entries.map(({ source }) => [source.replace(/^src\/|\.ts$/g, ""), source])),
  format: ["esm", "cjs"],
  target: "es2022",
  platform: "neutral",
  // Entries share their common code in both formats, so a process that loads several has one RelatchError.
  splitting: true,
  // Drops the table of SHA-512, which nothing uses.
  treeshake: { manualPureFunctions: ["BigUint64Array"] },
  dts: { resolve: true },
  // The declarations of relatch/node name types of Node.js.
  external: [/^node:/],
  clean: true,
  // Texts of other scripts are twice as long with escapes.
  esbuildOptions(options) {
    options.charset = "utf8";
  },
  esbuildPlugins: [evaluateCommonPasswords, recordBuiltIn],
  plugins: [requireChunks],
  onSuccess: () => writeFile(join(outDir, "sbom.cdx.json"), sbomOf(builtIn)),
}));
