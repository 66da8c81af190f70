import { TimeSpan } from "relatch";
import { ar, de, en, es, fr, hi, it, ja, ko, pl, ptBR, ru, tr, uk, zhCN } from "relatch/languages";
import { durationInWords } from "relatch/messages";
import { expect, test } from "vitest";
import { instantInWords } from "../../../src/messages/in-words.ts";
import type { Language } from "../../../src/messages/language.ts";
import { WRONG_OPTIONS } from "../../helpers/errors.ts";
import { languages } from "../../system/email/samples.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const say = (ms: number, language: Language) => plain(durationInWords(new TimeSpan(ms, "ms"), language));
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ").replace("秒钟", "秒");

const words: [Language, string, RegExp][] = [
  [ar, "ساعة, ساعتان, ٣٦ ساعة, ٣٠ دقيقة, ٤٥ ثانية, يوم, يومان, ٣ أيام, ٧ أيام", /^٢٢ نوفمبر ٢٠٢٦.* ١١:٠٥ م UTC$/],
  [
    de,
    "1 Stunde, 2 Stunden, 36 Stunden, 30 Minuten, 45 Sekunden, 1 Tag, 2 Tage, 3 Tage, 7 Tage",
    /^22\. November 2026.*23:05 UTC$/,
  ],
  [
    en,
    "1 hour, 2 hours, 36 hours, 30 minutes, 45 seconds, 1 day, 2 days, 3 days, 7 days",
    /^November 22, 2026.*11:05 PM UTC$/,
  ],
  [
    es,
    "1 hora, 2 horas, 36 horas, 30 minutos, 45 segundos, 1 día, 2 días, 3 días, 7 días",
    /^22 de noviembre de 2026.*23:05 UTC$/,
  ],
  [
    fr,
    "1 heure, 2 heures, 36 heures, 30 minutes, 45 secondes, 1 jour, 2 jours, 3 jours, 7 jours",
    /^22 novembre 2026.*23:05 UTC$/,
  ],
  [hi, "1 घंटा, 2 घंटे, 36 घंटे, 30 मिनट, 45 सेकंड, 1 दिन, 2 दिन, 3 दिन, 7 दिन", /^22 नवंबर 2026.*23:05.* UTC$/],
  [
    it,
    "1 ora, 2 ore, 36 ore, 30 minuti, 45 secondi, 1 giorno, 2 giorni, 3 giorni, 7 giorni",
    /^22 novembre 2026.*23:05 UTC$/,
  ],
  [ja, "1 時間, 2 時間, 36 時間, 30 分, 45 秒, 1 日, 2 日, 3 日, 7 日", /^2026年11月22日 23:05 UTC$/],
  [ko, "1시간, 2시간, 36시간, 30분, 45초, 1일, 2일, 3일, 7일", /^2026년 11월 22일.* 23:05 UTC$/],
  [
    pl,
    "1 godzina, 2 godziny, 36 godzin, 30 minut, 45 sekund, 1 dzień, 2 dni, 3 dni, 7 dni",
    /^22 listopada 2026.*23:05 UTC$/,
  ],
  [
    ptBR,
    "1 hora, 2 horas, 36 horas, 30 minutos, 45 segundos, 1 dia, 2 dias, 3 dias, 7 dias",
    /^22 de novembro de 2026.*23:05 UTC$/,
  ],
  [ru, "1 час, 2 часа, 36 часов, 30 минут, 45 секунд, 1 день, 2 дня, 3 дня, 7 дней", /^22 ноября 2026.*23:05 UTC$/],
  [tr, "1 saat, 2 saat, 36 saat, 30 dakika, 45 saniye, 1 gün, 2 gün, 3 gün, 7 gün", /^22 Kasım 2026.*23:05 UTC$/],
  [
    uk,
    "1 година, 2 години, 36 годин, 30 хвилин, 45 секунд, 1 день, 2 дні, 3 дні, 7 днів",
    /^22 листопада 2026.*23:05 UTC$/,
  ],
  [zhCN, "1小时, 2小时, 36小时, 30分钟, 45秒, 1天, 2天, 3天, 7天", /^2026年11月22日 23:05 UTC$/],
];

test.each(words.map(([language, ...rest]) => [language.tag, language, ...rest] as const))(
  "durations and instants are written as %s writes them, with the time zone",
  (_, language, durations, instant) => {
    const short = [HOUR, 2 * HOUR, 36 * HOUR, 30 * MINUTE, 45 * SECOND];
    const days = [1, 2, 3, 7].map((count) => count * DAY);
    expect([...short, ...days].map((length) => say(length, language)).join(", ")).toBe(durations);
    const date = new Date(Date.UTC(2026, 10, 22, 23, 5));
    expect(plain(instantInWords(date, language))).toMatch(instant);
  },
);

test("the table of durations and instants contains every language", () => {
  expect(words.map(([{ tag }]) => tag).sort()).toEqual(languages.map(({ tag }) => tag).sort());
});

test.each([
  [5 * HOUR, "5 hours", "5 часов"],
  [90 * MINUTE, "90 minutes", "90 минут"],
  [21 * MINUTE, "21 minutes", "21 минута"],
  [MINUTE, "1 minute", "1 минута"],
  [2 * MINUTE - 1, "1 minute", "1 минута"],
  [HOUR - 1, "59 minutes", "59 минут"],
  [61 * MINUTE + 59_999, "61 minutes", "61 минута"],
  [1_999, "1 second", "1 секунда"],
  [1, "1 second", "1 секунда"],
  [DAY - 1, "1,439 minutes", "1 439 минут"],
  [DAY + HOUR, "25 hours", "25 часов"],
  [21 * DAY, "21 days", "21 день"],
])("durationInWords writes %i ms as %s, %s", (duration, english, russian) => {
  expect(say(duration, en)).toBe(english);
  expect(say(duration, ru)).toBe(russian);
});

test.each([3_600_000, "1h", undefined, new TimeSpan(0, "h"), new TimeSpan(1001, "d"), new TimeSpan(Number.NaN, "h")])(
  "durationInWords refuses %j",
  (duration) => {
    expect(() => durationInWords(duration as TimeSpan, en)).toThrow(WRONG_OPTIONS);
  },
);

test("durationInWords takes the TimeSpan of any copy of oslo", () => {
  expect(durationInWords({ milliseconds: () => DAY } as TimeSpan, en)).toBe("1 day");
});

test("Arabic has its own digits on every runtime, in durations and in counts", () => {
  expect(say(30 * MINUTE, { ...ar, formats: undefined })).not.toBe("٣٠ دقيقة");
  expect(ar.violations["too_long"]?.({ max: 1024 })).toContain("١٠٢٤ حرف");
});

test.each([
  [fr, [1, "1 caractère."], [8, "8 caractères."]],
  [es, [1, "1 carácter."], [8, "8 caracteres."]],
  [ptBR, [1, "1 caractere."], [8, "8 caracteres."]],
  [it, [1, "1 carattere."], [8, "8 caratteri."]],
  [pl, [1, "1 znak."], [8, "8 znaków."], [22, "22 znaki."], [12, "12 znaków."], [21, "21 znaków."]],
  [ru, [1, "1 символа."], [8, "8 символов."], [22, "22 символов."], [21, "21 символа."]],
  [uk, [1, "1 символ."], [8, "8 символів."], [22, "22 символи."], [12, "12 символів."], [21, "21 символ."]],
  [ar, [1, "حرف واحد."], [2, "حرفين."], [8, "٨ أحرف."], [15, "١٥ حرفًا."], [100, "١٠٠ حرف."]],
] as [Language, ...[number, string][]][])("in $tag the noun agrees with its number", (language, ...cases) => {
  for (const [min, end] of cases) expect(language.violations["too_short"]?.({ min }).endsWith(` ${end}`)).toBe(true);
});

test("the noun agrees with a limit in bytes, which are counted as characters", () => {
  const sentences = [pl, ru, uk, ar].map(({ violations }) => violations["too_long_in_bytes"]?.({ maxBytes: 72 }));
  const limits = ["72 znaki.", "72 символов;", "72 символи;", "٧٢ حرفًا."];
  expect(sentences).toEqual(limits.map((words) => expect.stringContaining(words)));
});
