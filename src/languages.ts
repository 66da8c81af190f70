/** The languages of mails and refusals, for the `languages` option. Each is taken along only if imported. */
export type { Language } from "./mail/language.ts";
export { arabic as ar } from "./mail/languages/ar.ts";
export { german as de } from "./mail/languages/de.ts";
export { english as en } from "./mail/languages/en.ts";
export { spanish as es } from "./mail/languages/es.ts";
export { french as fr } from "./mail/languages/fr.ts";
export { hindi as hi } from "./mail/languages/hi.ts";
export { italian as it } from "./mail/languages/it.ts";
export { japanese as ja } from "./mail/languages/ja.ts";
export { korean as ko } from "./mail/languages/ko.ts";
export { polish as pl } from "./mail/languages/pl.ts";
export { brazilianPortuguese as ptBR } from "./mail/languages/pt-br.ts";
export { russian as ru } from "./mail/languages/ru.ts";
export { turkish as tr } from "./mail/languages/tr.ts";
export { ukrainian as uk } from "./mail/languages/uk.ts";
export { simplifiedChinese as zhCN } from "./mail/languages/zh-cn.ts";
