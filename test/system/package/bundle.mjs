// @ts-check
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/** The name of the application's module. */
const ENTRY = "application.js";

/**
 * Bundles a module as an application's build would, for no platform in particular. An import of a Node.js module, or of
 * anything else that is missing, fails.
 *
 * @param {string} app The folder in which the package is installed.
 * @param {string} contents The module.
 * @param {string[]} [external] Packages to leave out.
 */
export async function bundle(app, contents, external = []) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: app, sourcefile: ENTRY },
    absWorkingDir: app,
    outdir: app,
    bundle: true,
    splitting: true,
    minify: true,
    metafile: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    mainFields: ["module", "main"],
    external,
    // The installed package, not the sources that tsconfig.json of this repository leads to.
    tsconfigRaw: "{}",
    logLevel: "silent",
  });
  return { outputFiles, metafile };
}

/**
 * The bytes that are loaded before a module's first line runs, minified and gzipped: its bundle and the chunks that
 * it imports statically.
 *
 * @param {string} app
 * @param {string} contents
 * @param {string[]} [external]
 */
export async function gzippedSize(app, contents, external) {
  const { outputFiles, metafile } = await bundle(app, contents, external);
  // Chunks that are loaded on demand are entry points as well.
  const [entry] = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === ENTRY) ?? [];
  const loaded = new Set([entry ?? ""]);
  for (const file of loaded) {
    for (const { path, kind } of metafile.outputs[file]?.imports ?? []) {
      if (kind === "import-statement" && metafile.outputs[path]) loaded.add(path);
    }
  }
  // The command, because the deflate of node:zlib comes out 2 % larger.
  const sizes = outputFiles
    .filter(({ path }) => [...loaded].some((file) => path.endsWith(`/${file}`)))
    .map(({ contents: input }) => execFileSync("gzip", ["-9", "-n", "-c"], { input }).length);
  return sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * The size of the core: `createPasswordReset` and everything that it needs at once, without the texts of emails, which
 * grow with every language that an application takes.
 *
 * @param {string} app The folder in which the package is installed.
 * @param {string} dist The package's built files.
 */
export async function coreSize(app, dist) {
  const languages = await readFile(join(dist, "messages/languages.js"), "utf8");
  const texts = [...languages.matchAll(/'\.\.\/(chunk-\w+\.js)'/g)].map(([, chunk]) => `*${chunk}`);
  if (texts.length === 0) throw new Error("dist/messages/languages.js shares no texts with the core");
  return gzippedSize(app, 'export { createPasswordReset } from "relatch"', texts);
}
