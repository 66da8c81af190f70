// @ts-check
// One process, one import: prints how many milliseconds of processor time it took.
const [specifier = ""] = process.argv.slice(2);
const before = process.cpuUsage();
await import(specifier);
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1000);
