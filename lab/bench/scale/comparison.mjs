// @ts-check
import { randomBytes } from "node:crypto";
import { clock } from "../clock.mjs";
import { quantile } from "../statistics.mjs";
import { printTable, progress, shown } from "./output.mjs";
import { hashOf, record } from "./records.mjs";
import { CALLS, WARM_UP } from "./settings.mjs";

/** @typedef {import("./settings.mjs").Subject} Subject */

const FIRST_SMALL = /** @type {const} */ ([0, 1]);
const FIRST_LARGE = /** @type {const} */ ([1, 0]);

/** The same calls on a small and on a large store, in turn; which of them is first changes too. */
export class Comparison {
  /** The engine that is measured, and the figures of all engines that missed their budget. */
  static engine = "";
  /** @type {string[]} */
  static missed = [];
  /** @type {string[][]} */
  rows = [];
  serial = 0;

  /**
   * @param {Subject} small
   * @param {Subject} large
   * @param {number} budget Of the ratio of the medians.
   */
  constructor(small, large, budget) {
    this.budget = budget;
    /** @type {[Subject, Subject]} */
    this.subjects = [small, large];
  }

  async finds(variant = "") {
    await this.measure(`find, there${variant}`, ({ store, rows, first }) => {
      // The saves belong to users of the other half.
      const half = Math.floor((rows - first) / 2);
      const hash = hashOf(first + Math.floor(Math.random() * half));
      return async () => {
        if (!(await store.find(hash))) throw new Error("a record is not there");
      };
    });
    await this.measure(`find, missing${variant}`, ({ store }) => {
      const hash = randomBytes(32).toString("hex");
      return () => store.find(hash);
    });
  }

  /** @param {string} name */
  async saves(name, variant = "") {
    await this.measure(`${name}, user has a link${variant}`, ({ store, rows, first }) => {
      const half = Math.ceil((rows - first) / 2);
      const index = rows - 1 - Math.floor(Math.random() * half);
      const saved = record(index, `new ${this.serial++}`);
      return () => store.save(saved);
    });
    await this.measure(`${name}, new user${variant}`, ({ store }) => {
      const fresh = `new ${this.serial++}`;
      const saved = record(fresh);
      return () => store.save(saved);
    });
  }

  /**
   * @param {string} name
   * @param {(subject: Subject) => () => Promise<unknown>} prepare
   */
  async measure(name, prepare) {
    /** @type {[number[], number[]]} */
    const times = [[], []];
    for (let call = -WARM_UP; call < CALLS; call++) {
      for (const side of call % 2 === 0 ? FIRST_SMALL : FIRST_LARGE) {
        const subject = this.subjects[side];
        const { time } = await clock(prepare(subject));
        if (call >= 0) times[side].push(time);
      }
    }
    const [small, large] = times;
    const ratio = quantile(large, 0.5) / quantile(small, 0.5);
    const tail = quantile(large, 0.99) / quantile(small, 0.99);
    const row = [
      name,
      ...[quantile(small, 0.5), quantile(small, 0.99), quantile(large, 0.5), quantile(large, 0.99)].map(shown),
      `${ratio.toFixed(2)}×`,
      `${tail.toFixed(2)}×`,
      ratio <= this.budget ? "met" : "missed",
    ];
    if (ratio > this.budget) Comparison.missed.push(`${Comparison.engine}, ${name}`);
    progress(row.join("  "));
    this.rows.push(row);
  }

  print() {
    printTable(
      ["µs", "small: median", "p99", "large: median", "p99", "ratio of medians", "of p99", `budget ${this.budget}×`],
      this.rows,
    );
  }
}
