import { formatCount, type PluralForms } from "../in-words.ts";
import type { Language } from "../language.ts";

const CHARACTERS: PluralForms = { one: "# znak", few: "# znaki", other: "# znaków" };

/**
 * Polish, with no verb or pronoun that takes the reader for a man or a woman. A word of one letter ends no line.
 *
 * @example
 * const passwordReset = createPasswordReset({ ...options, languages: [en, pl] });
 */
export const polish: Language = {
  tag: "pl",
  greeting: (name) => (name ? `Dzień dobry, ${name}!` : "Dzień dobry!"),
  resetLink: {
    subject: (appName) => `Resetowanie hasła w\u00a0serwisie ${appName}`,
    intro: (appName) => `Otrzymaliśmy prośbę o\u00a0zresetowanie hasła do Twojego konta w\u00a0serwisie ${appName}. Aby ustawić nowe hasło, otwórz ten link:`,
    action: "Ustaw nowe hasło",
    plainLink: "Jeśli przycisk nie działa, skopiuj ten link do przeglądarki:",
    lifetime: (duration) => `Link zadziała tylko raz. Czas jego ważności: ${duration}.`,
    notYou: "To nie Twoja prośba? Możesz zignorować tę wiadomość: hasło się nie zmieni. Nie przekazuj nikomu tego linku.",
  },
  resetCode: {
    intro: (appName) => `Otrzymaliśmy prośbę o\u00a0zresetowanie hasła do Twojego konta w\u00a0serwisie ${appName}. Aby ustawić nowe hasło, wpisz ten kod na stronie, na której o\u00a0niego poproszono:`,
    lifetime: (duration) => `Kod działa tylko na urządzeniu, na którym o\u00a0niego poproszono. Czas jego ważności: ${duration}.`,
    secrecy: (appName) => `Nie podawaj nikomu tego kodu. Nikt z\u00a0serwisu ${appName} nigdy Cię o\u00a0niego nie poprosi.`,
    orLink: "Możesz też otworzyć ten link na dowolnym urządzeniu:",
    notYou: "To nie Twoja prośba? Możesz zignorować tę wiadomość: hasło się nie zmieni. Nie przekazuj nikomu także linku.",
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
    signedOut: "Jeśli to Twoja zmiana, nie musisz nic robić. Następnym razem zaloguj się, używając nowego hasła.",
    notYou: "Jeśli to nie Twoja zmiana, ktoś może mieć dostęp do Twojej poczty. Najpierw zmień hasło do poczty, a\u00a0potem natychmiast skontaktuj się z\u00a0nami.",
  },
  noAccount: {
    subject: (appName) => `Brak konta w\u00a0serwisie ${appName} z\u00a0tym adresem e-mail`,
    intro: (appName) => `Otrzymaliśmy prośbę o\u00a0zresetowanie hasła do konta w\u00a0serwisie ${appName} z\u00a0tym adresem e-mail. Nie mamy konta z\u00a0tym adresem, więc nie ma czego resetować.`,
    otherAddress: "Jeśli to Twoja prośba, być może Twoje konto ma inny adres e-mail. Spróbuj ponownie, podając tamten adres.",
    notYou: "Jeśli to nie Twoja prośba, możesz zignorować tę wiadomość.",
  },
  noPassword: {
    subject: (appName) => `Jak zalogować się w\u00a0serwisie ${appName}`,
    intro: (appName) => `Otrzymaliśmy prośbę o\u00a0zresetowanie hasła do Twojego konta w\u00a0serwisie ${appName}. Twoje konto nie ma hasła.`,
    signInWith: (way) => `Sposób logowania: ${way}.`,
    signIn: "Zaloguj się tak jak zwykle, na przykład przez konto w\u00a0innym serwisie lub przez swoją organizację.",
    notYou: "Jeśli to nie Twoja prośba, możesz zignorować tę wiadomość: nic się nie zmieniło.",
  },
  requested: (when, address) => `Data i\u00a0godzina prośby: ${when}.${address ? ` Adres IP: ${address}.` : ""}`,
  contact: "Potrzebujesz pomocy? Napisz do nas:",
  violations: {
    required: () => "Wpisz nowe hasło.",
    invalid_characters: () => "To hasło zawiera niedozwolone znaki. Wybierz inne.",
    too_short: ({ min }) => `Hasło musi mieć co najmniej ${formatCount(min, CHARACTERS, polish)}.`,
    too_long: ({ max }) => `Hasło może mieć najwyżej ${formatCount(max, CHARACTERS, polish)}.`,
    too_long_in_bytes: ({ maxBytes }) => `To hasło jest za długie. Może mieć najwyżej ${formatCount(maxBytes, CHARACTERS, polish)}. Litery takie jak ą czy ł liczą się jako dwa znaki, emoji jako cztery lub więcej.`,
    common: () => "To hasło jest zbyt popularne, więc łatwo je odgadnąć. Wybierz inne.",
    personal: () => "To hasło jest zbyt podobne do Twojego imienia lub nazwiska, adresu e-mail albo nazwy tego serwisu. Wybierz inne.",
    breached: () => "To hasło pojawiło się w\u00a0wycieku danych, więc nie jest bezpieczne. Wybierz inne.",
    breach_check_unavailable: () => "Nie udało się sprawdzić tego hasła. Spróbuj ponownie za chwilę.",
    unacceptable: () => "Nie możesz użyć tego hasła. Wybierz inne.",
  },
};
