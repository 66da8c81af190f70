import { formatCount } from "../../../messages/in-words.ts";
import type { Texts } from "../texts.ts";

/** German, formal. */
export const german: Texts = {
  errorTitle: (title) => `Fehler: ${title}`,
  email: "E-Mail-Adresse",
  back: "Zurück zur Anmeldung",
  request: {
    title: "Passwort zurücksetzen",
    lead: "Geben Sie die E-Mail-Adresse ein, mit der Sie sich anmelden. Wir senden Ihnen einen Link, über den Sie ein neues Passwort festlegen können.",
    submit: "Link anfordern",
    leadForCode:
      "Geben Sie die E-Mail-Adresse ein, mit der Sie sich anmelden. Wir senden Ihnen einen Code, mit dem Sie ein neues Passwort festlegen können.",
    submitForCode: "Code anfordern",
    notices: {
      malformed_link: {
        title: "Dieser Link ist unvollständig",
        detail: "Kopieren Sie den ganzen Link aus der E-Mail oder fordern Sie hier einen neuen an.",
      },
      invalid_or_expired_token: {
        title: "Dieser Link funktioniert nicht mehr",
        detail:
          "Links funktionieren nur einmal und laufen nach einiger Zeit ab. Geben Sie Ihre E-Mail-Adresse ein, um einen neuen zu erhalten.",
      },
      open_link_again: {
        title: "Öffnen Sie den Link noch einmal",
        detail: "Öffnen Sie den Link in unserer E-Mail noch einmal oder fordern Sie hier einen neuen an.",
      },
      cookies_needed: {
        title: "Ihr Browser blockiert Cookies",
        detail: "Lassen Sie Cookies für diese Website zu und öffnen Sie dann den Link in unserer E-Mail noch einmal.",
      },
    },
    errors: {
      invalid_email: "Geben Sie eine E-Mail-Adresse im richtigen Format ein, zum Beispiel name@example.com.",
      unknown_email:
        "Wir finden kein Konto mit dieser E-Mail-Adresse. Prüfen Sie die Adresse oder versuchen Sie es mit einer anderen.",
    },
  },
  sent: {
    title: "Prüfen Sie Ihre E-Mails",
    lead: (email) =>
      `Wenn es ein Konto für ${email} gibt, haben wir Ihnen per E-Mail einen Link gesendet, über den Sie ein neues Passwort festlegen können.`,
    lifetime: (duration) => `Der Link funktioniert nur einmal und ist ${duration} gültig.`,
    detail:
      "Nach ein paar Minuten noch nichts angekommen? Sehen Sie im Spam-Ordner nach und prüfen Sie, ob die E-Mail-Adresse stimmt.",
    again: "Andere E-Mail-Adresse verwenden",
  },
  code: {
    lead: (email) =>
      `Wenn es ein Konto für ${email} gibt, haben wir Ihnen per E-Mail einen Code gesendet, mit dem Sie ein neues Passwort festlegen können.`,
    leadWithoutAddress:
      "Wenn es ein Konto für diese E-Mail-Adresse gibt, haben wir Ihnen per E-Mail einen Code gesendet, mit dem Sie ein neues Passwort festlegen können.",
    label: "Code aus der E-Mail",
    digits: (count) => `${formatCount(count, { one: "# Ziffer", other: "# Ziffern" }, { tag: "de" })}.`,
    lifetime: (duration) => `Der Code ist ${duration} gültig.`,
    submit: "Weiter",
    refused: "Dieser Code ist falsch oder nicht mehr gültig. Prüfen Sie ihn oder fordern Sie einen neuen an.",
    orLink: "Kein Code? Öffnen Sie stattdessen den Link in der E-Mail.",
  },
  newPassword: {
    title: "Neues Passwort festlegen",
    account: "Konto",
    password: "Neues Passwort",
    confirmation: "Neues Passwort wiederholen",
    minLength: (min) => `Mindestens ${min} Zeichen.`,
    advice:
      "Gut geeignet sind vier zufällige Wörter. Vermeiden Sie Ihren Namen, Ihre E-Mail-Adresse und häufige Passwörter.",
    mismatch: "Die Passwörter stimmen nicht überein. Geben Sie beide noch einmal ein.",
    submit: "Neues Passwort festlegen",
    aftermath: "Sie werden auf allen Ihren Geräten abgemeldet.",
  },
  invitation: {
    title: "Passwort festlegen",
    password: "Passwort",
    confirmation: "Passwort wiederholen",
    submit: "Passwort festlegen",
  },
  secondFactor: {
    choice: "Wie möchten Sie bestätigen, dass Sie es sind?",
    methods: {
      totp: "Code aus Ihrer Authenticator-App",
      recovery_code: "Wiederherstellungscode",
      sms: "Code aus einer SMS",
    },
    response: "Code",
    errors: {
      second_factor_required: "Geben Sie den Code ein, mit dem Sie bestätigen, dass Sie es sind.",
      second_factor_rejected: "Dieser Code stimmt nicht. Prüfen Sie ihn oder verwenden Sie einen anderen.",
    },
  },
  signedIn: {
    title: "Sie sind bereits angemeldet",
    lead: "Sie haben einen Link geöffnet, über den Sie ein Passwort festlegen können. Er gehört möglicherweise zu einem anderen Konto als dem, bei dem Sie angemeldet sind.",
    signOut: "Abmelden und Passwort festlegen",
    goOn: "Ohne Abmelden fortfahren",
  },
  home: "Zur Startseite",
  later: (when) => `Versuchen Sie es ${when} noch einmal.`,
  problems: {
    400: { title: "Das hat nicht funktioniert", detail: "Gehen Sie zurück und versuchen Sie es noch einmal." },
    403: {
      title: "Dieses Formular können wir nicht annehmen",
      detail:
        "Es wurde von einer anderen Website gesendet. Öffnen Sie die Seite auf dieser Website und versuchen Sie es noch einmal.",
    },
    404: { title: "Seite nicht gefunden", detail: "Prüfen Sie die Webadresse oder gehen Sie zur Startseite." },
    405: {
      title: "Das ist hier nicht möglich",
      detail: "Gehen Sie zurück und verwenden Sie das Formular auf der Seite.",
    },
    409: {
      title: "Sie sind bereits angemeldet",
      detail: "Um Ihr Passwort zurückzusetzen, melden Sie sich zuerst ab.",
    },
    413: { title: "Das ist zu lang", detail: "Kürzen Sie Ihre Eingabe und versuchen Sie es noch einmal." },
    415: {
      title: "Das können wir nicht lesen",
      detail: "Gehen Sie zurück und verwenden Sie das Formular auf der Seite.",
    },
    422: { title: "Wählen Sie ein anderes Passwort", detail: "Dieses erfüllt die Anforderungen nicht." },
    429: { title: "Zu viele Versuche", detail: "Zum Schutz der Konten ist die Zahl der Versuche begrenzt." },
    500: {
      title: "Entschuldigung, etwas ist schiefgegangen",
      detail: "Das Problem liegt bei uns. Versuchen Sie es später noch einmal.",
    },
    503: {
      title: "Entschuldigung, das funktioniert gerade nicht",
      detail: "Das Problem liegt bei uns. Versuchen Sie es in ein paar Minuten noch einmal.",
    },
  },
  details: {
    invalid_request: "Die Anfrage ist fehlerhaft.",
    invalid_json: "Der Inhalt muss ein einzelnes JSON-Objekt in UTF-8 ohne doppelte Schlüssel sein.",
    invalid_or_expired_token: "Der Link ist ungültig oder abgelaufen.",
    cross_site: "Die Anfrage muss von dieser Website selbst kommen.",
    not_found: "Unter dieser URL gibt es nichts.",
    method_not_allowed: "Diese URL unterstützt die Anfragemethode nicht.",
    too_large: "Die Anfrage ist zu groß.",
    unsupported_media_type: "Dieser Content-Type wird nicht unterstützt.",
    password_rejected: "Das Passwort erfüllt die Anforderungen nicht.",
    second_factor_required: "Das Konto hat einen zweiten Faktor, es wurde aber keiner angegeben.",
    second_factor_rejected: "Die Antwort auf den zweiten Faktor ist falsch.",
  },
};
