// @ts-check
// One process, one import: prints the milliseconds of processor time that it took, and those from the start of the process
// to the end of the import, as JSON.
const [specifier = ""] = process.argv.slice(2);
const before = process.cpuUsage();
await import(specifier);
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ imported: (user + system) / 1000, started: performance.now() }));
