// @ts-check
import { createHash } from "node:crypto";
import { HOUR, SCATTERED, START } from "./settings.mjs";

/** Of users of any table, by number. @param {number | string} index */
export const hashOf = (index) => createHash("sha256").update(`token ${index}`).digest("hex");

/** @param {number | string} index */
export function userOf(index) {
  const hex = createHash("md5").update(`user ${index}`).digest("hex");
  return [8, 12, 16, 20, 32].map((end, part) => hex.slice([0, 8, 12, 16, 20][part], end)).join("-");
}

/** @param {number | string} index @param {number | string} token */
export const record = (index, token = index) => ({
  tokenHash: hashOf(token),
  userId: userOf(index),
  fingerprint: hashOf(`fingerprint ${index}`),
  expiresAt: new Date(START + 2 * HOUR),
});

/** @param {number} index @param {number} rows */
export function expiryOf(index, rows) {
  const scattered = Math.floor(rows / SCATTERED);
  return index < scattered
    ? START - HOUR + index
    : START + Math.floor(((index - scattered) * HOUR) / (rows - scattered));
}
