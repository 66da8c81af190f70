/** The languages of mails and refusals, for the `languages` option. Each is taken along only if imported. */
export type { Language } from "./mail/language.ts";
export { english as en } from "./mail/languages/en.ts";
export { russian as ru } from "./mail/languages/ru.ts";
