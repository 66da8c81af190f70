// @ts-check
// A worker of sqlite.mjs: reads a SQLite file over its own connection until it is told to stop, and returns how
// long each `find` took, in microseconds.
import { createHash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import Database from "libsql";
import { sqliteTokens } from "../../../dist/stores/sqlite.js";

const { file, table, first, last, stop } = workerData;
const flag = new Int32Array(stop);
const db = new Database(file);
db.exec("PRAGMA busy_timeout = 5000");
const store = sqliteTokens(db, { table });
/** @type {number[]} */
const times = [];
while (Atomics.load(flag, 0) === 0) {
  const index = first + Math.floor(Math.random() * (last - first));
  const hash = createHash("sha256").update(`token ${index}`).digest("hex");
  const start = process.hrtime.bigint();
  if (!(await store.find(hash))) throw new Error(`record ${index} is not there`);
  times.push(Number(process.hrtime.bigint() - start) / 1000);
  // A reader that never rests would measure the fight for a processor.
  Atomics.wait(flag, 0, 0, 1);
}
db.close();
parentPort?.postMessage(times);
