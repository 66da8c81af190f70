import { formatCount, type PluralForms } from "../in-words.ts";
import type { Language } from "../language.ts";

const CHARACTERS: PluralForms = { one: "# znak", few: "# znaki", other: "# znaków" };

/** Polish, with no verb or pronoun that takes the reader for a man or a woman. A word of one letter ends no line. */
export const polish: Language = {
  tag: "pl",
  greeting: (name) => (name ? `Dzień dobry, ${name}!` : "Dzień dobry!"),
  resetLink: {
    subject: (appName) => `Zmiana hasła w\u00a0serwisie ${appName}`,
    intro: (appName) => `Ktoś, najprawdopodobniej Ty, chce zmienić hasło do Twojego konta w\u00a0serwisie ${appName}. Aby ustawić nowe hasło, otwórz ten link:`,
    action: "Ustaw nowe hasło",
    plainLink: "Jeśli przycisk nie działa, skopiuj ten adres do przeglądarki:",
    lifetime: (duration) => `Link zadziała tylko raz. Czas jego ważności: ${duration}.`,
    notYou: "Jeśli to nie Ty, nie musisz nic robić: hasło pozostanie bez zmian. Nie przekazuj nikomu tego linku.",
  },
  resetCode: {
    intro: (appName) => `Ktoś, najprawdopodobniej Ty, chce zmienić hasło do Twojego konta w\u00a0serwisie ${appName}. Aby ustawić nowe hasło, wpisz ten kod na stronie, na której poproszono o\u00a0zmianę:`,
    lifetime: (duration) => `Kod działa tylko na urządzeniu, na którym o\u00a0niego poproszono. Czas jego ważności: ${duration}.`,
    secrecy: (appName) => `Nie podawaj nikomu tego kodu. Nikt z\u00a0serwisu ${appName} nigdy o\u00a0niego nie zapyta.`,
    orLink: "Zamiast tego możesz otworzyć ten link na dowolnym urządzeniu:",
    notYou: "Jeśli to nie Ty, nie musisz nic robić: hasło pozostanie bez zmian. Nie przekazuj nikomu także linku.",
  },
  invitation: {
    subject: (appName) => `Ustaw hasło do swojego konta w\u00a0serwisie ${appName}`,
    intro: (appName) => `Twoje konto w\u00a0serwisie ${appName} nie ma jeszcze hasła. Aby je ustawić, otwórz ten link:`,
    action: "Ustaw hasło",
    plainLink: "Jeśli przycisk nie działa, skopiuj ten link do przeglądarki:",
    lifetime: (duration) => `Link zadziała tylko raz. Czas jego ważności: ${duration}.`,
    notYou: "Jeśli ta wiadomość jest dla Ciebie zaskoczeniem, możesz ją zignorować: nic się nie zmieni. Nie przekazuj nikomu tego linku.",
  },
  passwordChanged: {
    subject: (appName) => `Twoje hasło w\u00a0serwisie ${appName} zostało zmienione`,
    intro: (appName, when, address) => `Hasło do Twojego konta w\u00a0serwisie ${appName} zostało zmienione. Data i\u00a0godzina: ${when}.${address ? ` Adres IP: ${address}.` : ""}`,
    signedOut: "Jeśli to Twoja zmiana, nie musisz robić nic więcej. Zaloguj się ponownie, używając nowego hasła.",
    notYou: "Jeśli to nie Ty, ktoś inny prawdopodobnie może czytać Twoją pocztę. Najpierw zabezpiecz swoją skrzynkę, a\u00a0potem natychmiast skontaktuj się z\u00a0nami.",
  },
  noAccount: {
    subject: (appName) => `Brak konta w\u00a0serwisie ${appName} z\u00a0tym adresem`,
    intro: (appName) => `Ktoś, być może Ty, chce zmienić hasło do konta w\u00a0serwisie ${appName} z\u00a0tym adresem e-mail. Nie ma konta z\u00a0tym adresem, więc nie ma czego zmieniać.`,
    otherAddress: "Jeśli to Ty, być może Twoje konto ma inny adres e-mail. Spróbuj ponownie, podając tamten adres.",
    notYou: "Jeśli to nie Ty, nie musisz nic robić.",
  },
  noPassword: {
    subject: (appName) => `Jak zalogować się w\u00a0serwisie ${appName}`,
    intro: (appName) => `Ktoś, najprawdopodobniej Ty, chce zmienić hasło do Twojego konta w\u00a0serwisie ${appName}. To konto nie ma hasła, więc nie ma czego zmieniać.`,
    signInWith: (way) => `Sposób logowania do tego konta: ${way}.`,
    signIn: "Zaloguj się tak jak zwykle, na przykład przez konto w\u00a0innym serwisie lub przez swoją organizację.",
    notYou: "Jeśli to nie Ty, nie musisz nic robić: nic się nie zmieniło.",
  },
  requested: (when, address) => `Data i\u00a0godzina prośby o\u00a0tę wiadomość: ${when}.${address ? ` Adres IP: ${address}.` : ""}`,
  contact: "Możesz napisać do nas na ten adres:",
  violations: {
    required: () => "Wpisz hasło.",
    invalid_characters: () => "To hasło zawiera znaki, których nie można zapisać. Wybierz inne.",
    too_short: ({ min }) => `Hasło musi mieć co najmniej ${formatCount(min, CHARACTERS, polish)}.`,
    too_long: ({ max }) => `Hasło może mieć najwyżej ${formatCount(max, CHARACTERS, polish)}.`,
    too_long_in_bytes: ({ maxBytes }) => `Hasło jest za długie: może mieć najwyżej ${formatCount(maxBytes, { one: "# bajt", few: "# bajty", other: "# bajtów" }, polish)} (polskie litery zajmują po dwa bajty, emoji cztery lub więcej).`,
    common: () => "To jedno z\u00a0najpopularniejszych haseł. Wybierz takie, które trudniej odgadnąć.",
    personal: () => "To hasło jest zbyt podobne do Twojego imienia, adresu lub nazwy tego serwisu. Wybierz inne.",
    breached: () => "To hasło pojawiło się w\u00a0wycieku danych. Wybierz inne.",
    breach_check_unavailable: () => "Nie udało się teraz sprawdzić tego hasła. Spróbuj ponownie za chwilę.",
    unacceptable: () => "Tego hasła nie można użyć. Wybierz inne.",
  },
};
