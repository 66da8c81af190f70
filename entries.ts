import manifest from "./package.json" with { type: "json" };

/**
 * The entries of the package: the name each is imported by, and its source file. `exports` in package.json is the one
 * list of them. `dist` mirrors `src`, so each target also names its source.
 */
export const entries = Object.entries(manifest.exports).flatMap(([path, target]) =>
  typeof target === "string" ? [] : [{ name: manifest.name + path.slice(1), source: sourceOf(target.import.default) }],
);

function sourceOf(target: string): string {
  return target.replace(/^\.\/dist\/(.+)\.js$/, "src/$1.ts");
}
