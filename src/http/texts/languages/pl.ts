import { formatCount } from "../../../messages/in-words.ts";
import type { Texts } from "../texts.ts";

/** Polish, with no verb that takes the reader for a man or a woman. A word of one letter ends no line. */
export const polish: Texts = {
  errorTitle: (title) => `Błąd: ${title}`,
  email: "Adres e-mail",
  back: "Wróć do logowania",
  request: {
    title: "Zresetuj hasło",
    lead: "Wpisz adres e-mail, którego używasz do logowania. Wyślemy na niego link do ustawienia nowego hasła.",
    submit: "Wyślij mi link",
    leadForCode: "Wpisz adres e-mail, którego używasz do logowania. Wyślemy na niego kod do ustawienia nowego hasła.",
    submitForCode: "Wyślij mi kod",
    notices: {
      malformed_link: {
        title: "Ten link jest niepełny",
        detail: "Skopiuj cały link z\u00a0naszej wiadomości albo poproś tutaj o\u00a0nowy.",
      },
      invalid_or_expired_token: {
        title: "Ten link już nie działa",
        detail:
          "Każdy link działa tylko raz i\u00a0po pewnym czasie wygasa. Wpisz swój adres e-mail, aby otrzymać nowy.",
      },
      open_link_again: {
        title: "Otwórz link jeszcze raz",
        detail: "Wróć do naszej wiadomości i\u00a0otwórz link jeszcze raz albo poproś tutaj o\u00a0nowy.",
      },
      cookies_needed: {
        title: "Twoja przeglądarka blokuje pliki cookie",
        detail:
          "Zezwól na pliki cookie w\u00a0tej witrynie, a\u00a0potem wróć do naszej wiadomości i\u00a0otwórz link jeszcze raz.",
      },
    },
    errors: {
      invalid_email: "Wpisz adres e-mail w\u00a0poprawnym formacie, na przykład nazwa@example.com.",
      unknown_email: "Nie znaleźliśmy konta z\u00a0tym adresem e-mail. Sprawdź go lub spróbuj użyć innego.",
    },
  },
  sent: {
    title: "Sprawdź pocztę",
    lead: (email) =>
      `Jeśli istnieje konto z\u00a0adresem ${email}, wysłaliśmy na ten adres link do ustawienia nowego hasła.`,
    lifetime: (duration) => `Link zadziała tylko raz. Czas jego ważności: ${duration}.`,
    detail: "Po kilku minutach nadal nic? Sprawdź folder ze spamem i\u00a0upewnij się, że adres e-mail jest poprawny.",
    again: "Użyj innego adresu e-mail",
  },
  code: {
    lead: (email) =>
      `Jeśli istnieje konto z\u00a0adresem ${email}, wysłaliśmy na ten adres kod do ustawienia nowego hasła.`,
    leadWithoutAddress:
      "Jeśli istnieje konto z\u00a0tym adresem e-mail, wysłaliśmy na niego kod do ustawienia nowego hasła.",
    label: "Kod z\u00a0wiadomości e-mail",
    digits: (count) => `${formatCount(count, { one: "# cyfra", few: "# cyfry", other: "# cyfr" }, { tag: "pl" })}.`,
    lifetime: (duration) => `Czas ważności kodu: ${duration}.`,
    submit: "Dalej",
    refused: "Ten kod jest błędny lub już nie działa. Sprawdź go albo poproś o\u00a0nowy.",
    orLink: "Nie masz kodu? Otwórz link z\u00a0wiadomości.",
  },
  newPassword: {
    title: "Ustaw nowe hasło",
    account: "Konto",
    password: "Nowe hasło",
    confirmation: "Powtórz nowe hasło",
    minLength: (min) =>
      `Co najmniej ${formatCount(min, { one: "# znak", few: "# znaki", other: "# znaków" }, { tag: "pl" })}.`,
    advice:
      "Dobrze sprawdzają się cztery przypadkowe słowa. Unikaj swojego imienia i\u00a0nazwiska, adresu e-mail oraz popularnych haseł.",
    mismatch: "Hasła różnią się od siebie. Wpisz je jeszcze raz.",
    submit: "Ustaw nowe hasło",
    aftermath: "Nastąpi wylogowanie na wszystkich Twoich urządzeniach.",
  },
  invitation: { title: "Ustaw hasło", password: "Hasło", confirmation: "Powtórz hasło", submit: "Ustaw hasło" },
  secondFactor: {
    choice: "Jak chcesz potwierdzić swoją tożsamość?",
    methods: {
      totp: "Kod z\u00a0aplikacji uwierzytelniającej",
      recovery_code: "Kod odzyskiwania",
      sms: "Kod z\u00a0SMS-a",
    },
    response: "Kod",
    errors: {
      second_factor_required: "Wpisz kod, który potwierdzi Twoją tożsamość.",
      second_factor_rejected: "Ten kod jest niepoprawny. Sprawdź go albo użyj innego.",
    },
  },
  signedIn: {
    title: "Masz już otwartą sesję",
    lead: "To jest link do ustawienia hasła. Może dotyczyć innego konta niż to, z\u00a0którego teraz korzystasz.",
    signOut: "Wyloguj się i\u00a0ustaw hasło",
    goOn: "Kontynuuj bez wylogowania",
  },
  home: "Przejdź na stronę główną",
  later: (when) => `Spróbuj ponownie ${when}.`,
  problems: {
    400: { title: "To się nie udało", detail: "Wróć i\u00a0spróbuj ponownie." },
    403: {
      title: "Nie możemy przyjąć tego formularza",
      detail: "Wysłano go z\u00a0innej witryny. Otwórz stronę w\u00a0tej witrynie i\u00a0spróbuj ponownie.",
    },
    404: { title: "Nie znaleziono strony", detail: "Sprawdź adres strony lub przejdź na stronę główną." },
    405: { title: "Tutaj nie można tego zrobić", detail: "Wróć i\u00a0skorzystaj z\u00a0formularza na stronie." },
    409: { title: "Masz już otwartą sesję", detail: "Aby zresetować hasło, najpierw się wyloguj." },
    413: { title: "Tekst jest za długi", detail: "Skróć wpisany tekst i\u00a0spróbuj ponownie." },
    415: { title: "Nie możemy odczytać tych danych", detail: "Wróć i\u00a0skorzystaj z\u00a0formularza na stronie." },
    422: { title: "Wybierz inne hasło", detail: "To hasło nie spełnia wymagań." },
    429: { title: "Zbyt wiele prób", detail: "Aby chronić konta, ograniczamy liczbę prób." },
    500: {
      title: "Przepraszamy, coś poszło nie tak",
      detail: "Problem leży po naszej stronie. Spróbuj ponownie później.",
    },
    503: {
      title: "Przepraszamy, to teraz nie działa",
      detail: "Problem leży po naszej stronie. Spróbuj ponownie za kilka minut.",
    },
  },
  details: {
    invalid_request: "Żądanie ma niepoprawną postać.",
    invalid_json: "Treść musi być jednym obiektem JSON w\u00a0UTF-8 bez powtórzonych kluczy.",
    invalid_or_expired_token: "Link jest nieprawidłowy lub wygasł.",
    cross_site: "Żądanie musi pochodzić z\u00a0tej samej witryny.",
    not_found: "Pod tym adresem URL nic nie ma.",
    method_not_allowed: "Ten adres URL nie obsługuje metody żądania.",
    too_large: "Żądanie jest za duże.",
    unsupported_media_type: "Ten Content-Type nie jest obsługiwany.",
    password_rejected: "Hasło nie spełnia wymagań.",
    second_factor_required: "Konto ma drugi składnik uwierzytelniania, ale go nie podano.",
    second_factor_rejected: "Odpowiedź na drugi składnik jest błędna.",
  },
};
