// Runs the bundled suite in workerd, and writes its report. Miniflare needs Node 22.
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { Miniflare } from "miniflare";

/** Nothing here takes as long, not on a busy machine either. */
const FILE_LIMIT_MS = 120_000;

const [suite, plain, ...files] = process.argv.slice(2);
const worker = (name, bundle) => ({
  name,
  modules: [{ type: "ESModule", path: "worker.js", contents: readFileSync(bundle, "utf8") }],
  d1Databases: ["DB"],
});
const start = () =>
  new Miniflare({
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
for (const file of files) {
  // Shown if there is no report.
  console.log(file);
  // Each file has a separate isolate. In one for all, timers stop after some dozens of files.
  const miniflare = start();
  try {
    const url = `http://suite/?file=${encodeURIComponent(file)}`;
    const answered = miniflare.dispatchFetch(url).then(async (response) => [response, await response.text()]);
    answered.catch(() => {});
    const late = setTimeout(FILE_LIMIT_MS, [undefined, ""], { ref: false });
    const [response, text] = await Promise.race([answered, late]);
    if (response?.ok) {
      const { cases, faults } = JSON.parse(text);
      report.cases.push(...cases);
      report.faults.push(...faults.map((fault) => `${file}: ${fault}`));
    } else {
      const what = response
        ? `status ${response.status}: ${text.slice(0, 2000)}`
        : `no response in ${FILE_LIMIT_MS} ms`;
      report.faults.push(`${file}: ${what}`);
    }
  } finally {
    await miniflare.dispose();
  }
}

const miniflare = start();
try {
  const { fetch } = await miniflare.getWorker("plain");
  const answer = await (await fetch("http://plain/")).text();
  const expected = JSON.stringify(["undefined", true, false]);
  report.cases.push({
    file: "lab/runtimes/workerd/plain.ts",
    name: "a reset without nodejs_compat",
    ...(answer === expected ? { state: "passed" } : { state: "failed", message: answer.slice(0, 2000) }),
  });
} finally {
  await miniflare.dispose();
}
writeFileSync(process.env.RELATCH_REPORT, JSON.stringify(report));
