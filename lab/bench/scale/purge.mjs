// @ts-check
import { clock } from "../clock.mjs";
import { quantile } from "../statistics.mjs";
import { count, printTable, progress, shown } from "./output.mjs";
import { hashOf } from "./records.mjs";

/** @typedef {import("./settings.mjs").Subject} Subject */

/** Purges, and how long a reader waits meanwhile. */
export class Purge {
  /** @type {string[][]} */
  rows = [];

  /** @param {() => () => Promise<number[]>} read Starts a reader and returns a function that stops it. */
  constructor(read) {
    this.read = read;
  }

  async baseline() {
    const stop = this.read();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    this.add("no purge", "", "", await stop());
  }

  /**
   * @param {string} name
   * @param {() => Promise<number>} purge
   */
  async measure(name, purge) {
    const stop = this.read();
    // A thread needs a while until it reads.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { result, time } = await clock(purge);
    const deleted = Number(result);
    const rate = deleted > 0 ? `${count(deleted / (time / 1e6))} rows/s` : "";
    this.add(name, `${count(deleted)} in ${(time / 1e6).toFixed(2)} s`, rate, await stop());
  }

  /**
   * @param {string} name
   * @param {string} deleted
   * @param {string} rate
   * @param {number[]} times
   */
  add(name, deleted, rate, times) {
    const reader = [quantile(times, 0.5), quantile(times, 0.99), Math.max(...times)].map(shown);
    const row = [name, deleted, rate, count(times.length), ...reader];
    progress(row.join("  "));
    this.rows.push(row);
  }

  print() {
    printTable(["purge", "deleted", "rate", "reader's finds", "median µs", "p99 µs", "longest µs"], this.rows);
  }
}

/** Those of the first third. @param {Subject} subject */
export const readable = ({ rows, first }) => ({ first, last: first + Math.floor((rows - first) / 3) });

/** @param {Subject} subject Its `first` may change between two readers. */
export function readUntil(subject) {
  const { store } = subject;
  let stopped = false;
  /** @type {number[]} */
  const times = [];
  const { first, last } = readable(subject);
  const reading = (async () => {
    while (!stopped) {
      const hash = hashOf(first + Math.floor(Math.random() * (last - first)));
      const { result, time } = await clock(() => store.find(hash));
      if (!result) throw new Error("a valid record is missing");
      times.push(time);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return times;
  })();
  return () => {
    stopped = true;
    return reading;
  };
}
