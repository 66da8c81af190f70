// @ts-check
import { asMarkdown } from "../report.mjs";

/** @type {string[]} */
export const output = [];
export const progress = (/** @type {string} */ text) => process.stderr.write(`${text}\n`);
export const print = (/** @type {string} */ text = "") => {
  output.push(text);
  console.log(text);
};
export const count = (/** @type {number} */ value) => Math.round(value).toLocaleString("en");
export const bytes = (/** @type {number} */ value) => `${count(value / 2 ** 20)} MiB`;
export const shown = (/** @type {number} */ microseconds) =>
  microseconds < 100 ? microseconds.toFixed(1) : count(microseconds);

/**
 * @param {string[]} head
 * @param {string[][]} rows
 */
export function printTable(head, rows) {
  print(asMarkdown([head, ...rows], (column) => column === 0));
  print();
}
