// @ts-check
// The email of the subjects without one: as short as a usable email can be.

/** @typedef {{ to: string, subject: string, text: string, html: string }} Mail */

/** @type {Record<string, string>} */
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escapeHtml = (/** @type {string} */ text) => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? "");

/**
 * @param {string} to
 * @param {string} url
 * @returns {Mail}
 */
export function resetMail(to, url) {
  const words = "Somebody asked for a new password for your account at Acme. To choose one, open this link:";
  const lifetime = "It works once and for one hour. If it was not you, leave this mail alone.";
  return {
    to,
    subject: "Choose a new password for Acme",
    text: `Hello,\n\n${words}\n\n${url}\n\n${lifetime}\n`,
    html: `<p>Hello,</p><p>${words}</p><p><a href="${escapeHtml(url)}">Choose a new password</a></p><p>${lifetime}</p>`,
  };
}
