import { builtinModules } from "node:module";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { readAliases, root } from "./built-package.ts";

/** Bundles a program with everything it needs, including the built package, for a runtime that is not Node.js. */
async function bundle(entry: string, plugins: readonly Plugin[] = []): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, entry)],
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    keepNames: true,
    conditions: ["workerd", "worker", "module", "import"],
    mainFields: ["module", "main"],
    external: ["node:*", "cloudflare:*", "bun", "bun:*", "libsql", "@node-rs/*"],
    define: { "import.meta.env": "undefined" },
    // The package's entries name chunks that a bundle does not have to load.
    logOverride: { "ignored-bare-import": "silent" },
    plugins: [...plugins, builtPackage, nodeBuiltins],
  });
  return outputFiles[0]?.text ?? "";
}

const builtPackage: Plugin = {
  name: "built-package",
  setup({ onResolve }) {
    for (const { find, replacement } of readAliases()) {
      onResolve({ filter: find }, () => ({ path: replacement }));
    }
  },
};

/** A module of Node's that a package requires: outside of Node it can only be imported. */
const nodeBuiltins: Plugin = {
  name: "node-builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(node:)?(${builtinModules.join("|")})$`) }, ({ path, kind }) => {
      const name = path.replace(/^(node:)?/, "node:");
      return kind === "require-call" ? { path: name, namespace: "node-builtin" } : { path: name, external: true };
    });
    onLoad({ filter: /.*/, namespace: "node-builtin" }, ({ path }) => ({
      contents: `import builtin from ${JSON.stringify(path)}; module.exports = builtin;`,
    }));
  },
};

/** The suite for a Worker: `relatch-runtimes:files` is the test files, each to be loaded when it is run. */
export const bundleSuite = (files: readonly string[]): Promise<string> =>
  bundle("lab/runtimes/workerd/worker.ts", [testFiles(files), noClients]);

/** A Worker without anything of Node's. */
export const bundlePlain = (): Promise<string> => bundle("lab/runtimes/workerd/plain.ts");

const testFiles = (files: readonly string[]): Plugin => ({
  name: "test-files",
  setup({ onResolve, onLoad }) {
    const imports = files.map((file) => `${JSON.stringify(file)}: () => import(${JSON.stringify(join(root, file))})`);
    onResolve({ filter: /^relatch-runtimes:files$/ }, ({ path }) => ({ path, namespace: "files" }));
    onLoad({ filter: /.*/, namespace: "files" }, () => ({
      contents: `export const files = {${imports.join()}};`,
      resolveDir: root,
    }));
  },
});

/** Clients of servers, and native modules: helpers of the tests name them, and no test that runs there uses them. */
const noClients: Plugin = {
  name: "no-clients",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(pg|ioredis|mysql2\/promise|libsql|@node-rs\/.*)$/ }, ({ path }) => ({
      path,
      namespace: "none",
    }));
    onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** An entry file of the Hono example, behind a proxy. */
export const bundleExample = (entry: string): Promise<string> =>
  bundle(`examples/hono/${entry}`, entry === "worker.ts" ? [] : [behindProxy]);

const behindProxy: Plugin = {
  name: "behind-proxy",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/app\.ts$/ }, () => ({
      path: join(import.meta.dirname, "hono/behind-proxy.ts"),
    }));
  },
};
