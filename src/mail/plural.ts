import type { Language } from "./language.ts";

/** The forms of a phrase by CLDR category, `#` for the number: `{ one: "# znak", few: "# znaki", other: "# znaków" }`. */
export type PluralForms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** A number and what is counted, in the form and in the digits that go with it. */
export function counted(count = 0, forms: PluralForms, { tag, formats }: Pick<Language, "tag" | "formats">) {
  const number = new Intl.NumberFormat(tag, { ...formats, useGrouping: false }).format(count);
  return (forms[new Intl.PluralRules(tag).select(count)] ?? forms.other).replace("#", number);
}
