/** A character of the script that every sentence of a language contains. Others are written in Latin letters. */
export const SCRIPTS: Record<string, RegExp> = {
  ar: /\p{Script=Arabic}/u,
  hi: /\p{Script=Devanagari}/u,
  ja: /[\p{Script=Hiragana}\p{Script=Katakana}]/u,
  ko: /\p{Script=Hangul}/u,
  ru: /\p{Script=Cyrillic}/u,
  uk: /\p{Script=Cyrillic}/u,
  "zh-CN": /\p{Script=Han}/u,
};

/** Mistakes that an editor of the language would correct. */
export const MISTAKES: Record<string, RegExp[]> = {
  // ASCII or Latin punctuation in place of the script's own.
  ar: [/[,;?](?!\d)/, /[0-9]+ (?:حرف|دقيقة)/],
  ja: [/\p{Script=Hiragana}[,.:!?()]/u, /[,.!?()]\p{Script=Hiragana}/u],
  "zh-CN": [/\p{Script=Han}[,.:;!?()]/u, /[,.:;!?()]\p{Script=Han}/u],
  hi: [/\p{Script=Devanagari}\./u],
  // A colon without a space, or with one where the line may break.
  fr: [/[^\s\d\u00a0]:(?!\/\/)/, / [:;!?»]/, /[^\u00a0\u202f][;!?]/],
  // A dash that may start a line.
  ru: [/ —/],
  uk: [/ —/],
  // A word of one letter that may end a line.
  pl: [/(?:^|\s)[aiouwz] /im],
};

/** Straight quotation marks, three full stops, typewriter apostrophes. */
export const TYPEWRITTEN = /"|\.\.\.|\p{L}'\p{L}/u;
