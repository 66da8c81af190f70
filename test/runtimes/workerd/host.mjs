// Runs the bundled suite in workerd, and writes down what it answers. Miniflare needs Node 22.
import { readFileSync, writeFileSync } from "node:fs";
import { Miniflare } from "miniflare";

const [suite, plain, ...files] = process.argv.slice(2);
const worker = (name, bundle) => ({
  name,
  modules: [{ type: "ESModule", path: "worker.js", contents: readFileSync(bundle, "utf8") }],
  d1Databases: ["DB"],
});
const miniflare = new Miniflare({
  workers: [
    {
      ...worker("suite", suite),
      compatibilityDate: "2026-07-01",
      compatibilityFlags: ["nodejs_compat"],
      bindings: { RELATCH_SERVICES: process.env.RELATCH_SERVICES },
    },
    { ...worker("plain", plain), compatibilityDate: "2024-01-01" },
  ],
});

const report = { cases: [], faults: [] };
try {
  for (const file of files) {
    const url = `http://suite/?file=${encodeURIComponent(file)}`;
    const answer = await miniflare.dispatchFetch(url);
    const text = await answer.text();
    if (answer.ok) {
      const { cases, faults } = JSON.parse(text);
      report.cases.push(...cases);
      report.faults.push(...faults.map((fault) => `${file}: ${fault}`));
    } else {
      report.faults.push(`${file}: status ${answer.status}: ${text.slice(0, 2000)}`);
    }
  }
  const { fetch } = await miniflare.getWorker("plain");
  const answer = await (await fetch("http://plain/")).text();
  const expected = JSON.stringify(["undefined", true, false]);
  report.cases.push({
    file: "test/runtimes/workerd/plain.ts",
    name: "a reset without nodejs_compat",
    ...(answer === expected ? { state: "passed" } : { state: "failed", message: answer.slice(0, 2000) }),
  });
} finally {
  await miniflare.dispose();
}
writeFileSync(process.env.RELATCH_REPORT, JSON.stringify(report));
