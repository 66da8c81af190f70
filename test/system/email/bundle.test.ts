import { type BuildOptions, build } from "esbuild";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { languages } from "./samples.ts";

// The size of an application's bundle depends on the languages it imports. The package is first put into one file, so
// that a bundler cannot leave out whole files, only code that has no effect.

const root = new URL("../../..", import.meta.url).pathname;

const OPTIONS = {
  absWorkingDir: root,
  bundle: true,
  write: false,
  format: "esm",
  target: "es2022",
  platform: "neutral",
  charset: "utf8",
  mainFields: ["module", "main"],
  tsconfigRaw: "{}",
} satisfies BuildOptions;

/** The names of the languages, and a sentence that only this language has. */
const exportsAndWords = languages.map((language) => ({
  name: language.tag.replace("-", ""),
  words: language.violations["common"]?.({}) ?? "",
}));

describe("the languages", () => {
  let published = "";
  beforeAll(async () => {
    const contents = `export * from "./src/messages/languages.ts"`;
    const { outputFiles } = await build({ stdin: { contents, resolveDir: root, loader: "ts" }, ...OPTIONS });
    published = outputFiles[0]?.text ?? "";
    expect(exportsAndWords.filter(({ words }) => !published.includes(words))).toEqual([]);
  });

  /** Bundles an application that imports one language of the package. */
  async function bundleWith(name: string): Promise<string> {
    const { outputFiles } = await build({
      ...OPTIONS,
      stdin: { contents: `import { ${name} } from "published"; console.log(${name});`, loader: "js" },
      plugins: [
        {
          name: "published",
          setup(builder) {
            builder.onResolve({ filter: /^published$/ }, (args) => ({ path: args.path, namespace: "p" }));
            builder.onLoad({ filter: /.*/, namespace: "p" }, () => ({ contents: published, loader: "js" }));
          },
        },
      ],
    });
    return outputFiles[0]?.text ?? "";
  }

  vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

  test.each(exportsAndWords)("a bundle with $name contains no other language", async ({ name }) => {
    const text = await bundleWith(name);
    expect(exportsAndWords.filter(({ words }) => text.includes(words)).map((each) => each.name)).toEqual([name]);
  });
});

test("the core bundles English, no other language, and loads the layout of emails only on demand", async () => {
  const contents = `export { createPasswordReset } from "./src/index.ts"`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: "ts", sourcefile: "application.ts" },
    outdir: root,
    splitting: true,
    ...OPTIONS,
  });
  const text = outputFiles.map((file) => file.text).join("");
  expect(exportsAndWords.filter(({ words }) => text.includes(words)).map(({ name }) => name)).toEqual(["en"]);
  // Only the file named after the entry and its imports are loaded at the start.
  const entry = outputFiles.find(({ path }) => path.endsWith("/stdin.js"))?.text ?? "";
  const atOnce = outputFiles.filter(
    ({ path, text: chunk }) => chunk === entry || new RegExp(`from "\\./${path.split("/").at(-1)}"`).test(entry),
  );
  const loaded = atOnce.map((file) => file.text).join("");
  expect(loaded).toContain("createPasswordReset");
  expect(text).toContain("prefers-color-scheme");
  expect(loaded).not.toContain("prefers-color-scheme");
});
