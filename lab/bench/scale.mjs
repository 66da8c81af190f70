// @ts-check
// Whether a store with millions of live records is as fast as one with ten thousand. A small and a large table are
// called in turn, so that what slows the machine down for a while slows both sides of a ratio down. Everything that
// is created has a unique name and is removed at the end. See docs/scale.md for what the figures mean.
//
//     npm run --prefix lab scale -- [--rows 10000000] [--only postgres,mysql,sqlite,redis] [--quick] [--check] [--write]
import { readFileSync, writeFileSync } from "node:fs";
import { machine, today } from "./report.mjs";
import { Comparison } from "./scale/comparison.mjs";
import { onMysql } from "./scale/mysql.mjs";
import { count, output, print, progress } from "./scale/output.mjs";
import { onPostgres } from "./scale/postgres.mjs";
import { onRedis } from "./scale/redis.mjs";
import { CALLS, cleanups, given } from "./scale/settings.mjs";
import { onSqlite } from "./scale/sqlite.mjs";

process.once("SIGINT", () => void cleanUp().finally(() => process.exit(130)));
try {
  const engines = given.only.split(",");
  if (engines.includes("postgres")) await time("PostgreSQL", onPostgres);
  if (engines.includes("mysql")) await time("MySQL and MariaDB", onMysql);
  if (engines.includes("sqlite")) await time("SQLite", onSqlite);
  if (engines.includes("redis")) await time("Redis", onRedis);
} finally {
  await cleanUp();
}
const { missed } = Comparison;
console.log(missed.length > 0 ? `Missed: ${missed.join("; ")}.` : "Every budget is met.");
if (given.check && missed.length > 0) process.exitCode = 1;
if (given.write) writePage();

/**
 * @param {string} name
 * @param {() => Promise<void>} measure
 */
async function time(name, measure) {
  Comparison.engine = name;
  const began = Date.now();
  print(`### ${name}`);
  print();
  await measure();
  progress(`${name}: ${((Date.now() - began) / 1000).toFixed(0)} s in all`);
}

async function cleanUp() {
  for (const clean of cleanups.splice(0).reverse()) {
    try {
      await clean();
    } catch (error) {
      progress(`clean-up: ${error}`);
    }
  }
}

/** Only what is between the marks: the words of the page are written by hand. */
function writePage() {
  if (given.quick) throw new Error("--write is for a whole run");
  const page = new URL("../../docs/scale.md", import.meta.url);
  const figures = [
    `Measured on ${today()}: ${machine()}, Node.js ${process.versions.node}; ${count(CALLS)} calls of each kind and size.`,
    "",
    missed.length > 0 ? `**Budgets missed**: ${missed.join("; ")}.` : "Every budget is met.",
    "",
    ...output,
  ].join("\n");
  const text = readFileSync(page, "utf8");
  const marks = /(<!-- figures -->\n)[\s\S]*(<!-- \/figures -->)/;
  if (!marks.test(text)) throw new Error("docs/scale.md has no marks for the figures");
  writeFileSync(
    page,
    text.replace(marks, (_, open, close) => `${open}\n${figures.trimEnd()}\n\n${close}`),
  );
}
