import { type BuildOptions, build } from "esbuild";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { languages } from "./samples.ts";

// What an application's bundle takes along. The package is first put into one file, as it is published: there no
// file that is not imported can be left out, only what is proved to be of no effect.

const root = new URL("../..", import.meta.url).pathname;

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

const bundled = async (contents: string, resolveDir = root, alias: Record<string, string> = {}) => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir, loader: "ts" },
    alias,
    ...OPTIONS,
  });
  return outputFiles[0]?.text ?? "";
};

/** How the languages are exported, and something that only this one says. */
const exportsAndWords = languages.map((language) => ({
  name: language.tag.replace("-", ""),
  words: language.violations["common"]?.({}) ?? "",
}));

describe("a bundle", () => {
  let published = "";
  beforeAll(async () => {
    published = await bundled(`export * from "./src/languages.ts"`);
    expect(exportsAndWords.filter(({ words }) => !published.includes(words))).toEqual([]);
  });

  const onlyFrom = (name: string) =>
    build({
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
      bundle: true,
      write: false,
      format: "esm",
      charset: "utf8",
    }).then(({ outputFiles }) => outputFiles[0]?.text ?? "");

  vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

  test.each(exportsAndWords)("with $name holds no other language", async ({ name }) => {
    const text = await onlyFrom(name);
    expect(exportsAndWords.filter(({ words }) => text.includes(words)).map((each) => each.name)).toEqual([
      name,
    ]);
  });
});

test("the core takes English along and no other language, nor the looks of the mails", async () => {
  const contents = `export { createPasswordReset } from "./src/index.ts"`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: "ts", sourcefile: "application.ts" },
    outdir: root,
    splitting: true,
    ...OPTIONS,
  });
  const text = outputFiles.map((file) => file.text).join("");
  expect(exportsAndWords.filter(({ words }) => text.includes(words)).map(({ name }) => name)).toEqual(["en"]);
  // All that is loaded before the first line runs is the file named after the entry, and what it imports.
  const entry = outputFiles.find(({ path }) => path.endsWith("/stdin.js"))?.text ?? "";
  const atOnce = outputFiles.filter(
    ({ path, text: chunk }) =>
      chunk === entry || new RegExp(`from "\\./${path.split("/").at(-1)}"`).test(entry),
  );
  const loaded = atOnce.map((file) => file.text).join("");
  expect(loaded).toContain("createPasswordReset");
  expect(text).toContain("prefers-color-scheme");
  expect(loaded).not.toContain("prefers-color-scheme");
});
