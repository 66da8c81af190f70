/** The languages of emails and password rules, for the `languages` option. A bundle contains only those you import. */
export type { EmailSentences, Language } from "./language.ts";
export { arabic as ar } from "./languages/ar.ts";
export { german as de } from "./languages/de.ts";
export { english as en } from "./languages/en.ts";
export { spanish as es } from "./languages/es.ts";
export { french as fr } from "./languages/fr.ts";
export { hindi as hi } from "./languages/hi.ts";
export { italian as it } from "./languages/it.ts";
export { japanese as ja } from "./languages/ja.ts";
export { korean as ko } from "./languages/ko.ts";
export { polish as pl } from "./languages/pl.ts";
export { brazilianPortuguese as ptBR } from "./languages/pt-br.ts";
export { russian as ru } from "./languages/ru.ts";
export { turkish as tr } from "./languages/tr.ts";
export { ukrainian as uk } from "./languages/uk.ts";
export { simplifiedChinese as zhCN } from "./languages/zh-cn.ts";
