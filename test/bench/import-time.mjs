// @ts-check
// One process, one import: prints how many milliseconds it took.
const [specifier = ""] = process.argv.slice(2);
const start = performance.now();
await import(specifier);
console.log(performance.now() - start);
