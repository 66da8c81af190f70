import type { Language } from "../language.ts";

/**
 * German, formal. What follows the greeting begins with a small letter.
 *
 * @example
 * const passwordReset = createPasswordReset({ ...options, languages: [en, de] });
 */
export const german: Language = {
  tag: "de",
  greeting: (name) => (name ? `Guten Tag ${name},` : "Guten Tag,"),
  resetLink: {
    subject: (appName) => `Passwort für Ihr Konto bei ${appName} zurücksetzen`,
    intro: (appName) => `wir haben eine Anfrage zum Zurücksetzen des Passworts für Ihr Konto bei ${appName} erhalten. Um ein neues Passwort festzulegen, öffnen Sie diesen Link:`,
    action: "Neues Passwort festlegen",
    plainLink: "Falls die Schaltfläche nicht funktioniert, kopieren Sie diesen Link in Ihren Browser:",
    lifetime: (duration) => `Der Link funktioniert nur einmal und ist ${duration} gültig.`,
    notYou: "Die Anfrage kommt nicht von Ihnen? Dann können Sie diese E-Mail ignorieren: Ihr Passwort bleibt unverändert. Geben Sie den Link an niemanden weiter.",
  },
  resetCode: {
    intro: (appName) => `wir haben eine Anfrage zum Zurücksetzen des Passworts für Ihr Konto bei ${appName} erhalten. Um ein neues Passwort festzulegen, geben Sie diesen Code auf der Seite ein, auf der Sie ihn angefordert haben:`,
    lifetime: (duration) => `Der Code ist ${duration} gültig und funktioniert nur auf dem Gerät, auf dem er angefordert wurde.`,
    secrecy: (appName) => `Geben Sie diesen Code an niemanden weiter. Niemand von ${appName} wird Sie jemals danach fragen.`,
    orLink: "Oder öffnen Sie stattdessen diesen Link, auf einem beliebigen Gerät:",
    notYou: "Die Anfrage kommt nicht von Ihnen? Dann können Sie diese E-Mail ignorieren: Ihr Passwort bleibt unverändert. Geben Sie auch den Link an niemanden weiter.",
  },
  invitation: {
    subject: (appName) => `Passwort für Ihr Konto bei ${appName} festlegen`,
    intro: (appName) => `Ihr Konto bei ${appName} hat noch kein Passwort. Um eines festzulegen, öffnen Sie diesen Link:`,
    action: "Passwort festlegen",
    plainLink: "Falls die Schaltfläche nicht funktioniert, kopieren Sie diesen Link in Ihren Browser:",
    lifetime: (duration) => `Der Link funktioniert nur einmal und ist ${duration} gültig.`,
    notYou: "Sie haben diese E-Mail nicht erwartet? Dann können Sie sie ignorieren: Es ändert sich nichts. Geben Sie den Link an niemanden weiter.",
  },
  passwordChanged: {
    subject: (appName) => `Ihr Passwort bei ${appName} wurde geändert`,
    intro: (appName, when, address) => `das Passwort für Ihr Konto bei ${appName} wurde am ${when}${address ? ` von der IP-Adresse ${address} aus` : ""} geändert.`,
    signedOut: "Wenn Sie das waren, brauchen Sie nichts zu tun. Melden Sie sich beim nächsten Mal mit dem neuen Passwort an.",
    notYou: "Wenn Sie das nicht waren, hat vielleicht jemand Zugriff auf Ihre E-Mails. Ändern Sie zuerst das Passwort Ihres E-Mail-Kontos und wenden Sie sich dann sofort an uns.",
  },
  noAccount: {
    subject: (appName) => `Kein Konto bei ${appName} mit dieser E-Mail-Adresse`,
    intro: (appName) => `wir haben eine Anfrage zum Zurücksetzen des Passworts für ein Konto bei ${appName} mit dieser E-Mail-Adresse erhalten. Mit dieser Adresse gibt es bei uns kein Konto, also auch nichts zurückzusetzen.`,
    otherAddress: "Wenn Sie das waren, haben Sie sich vielleicht mit einer anderen E-Mail-Adresse registriert. Versuchen Sie es damit noch einmal.",
    notYou: "Wenn Sie das nicht waren, können Sie diese E-Mail ignorieren.",
  },
  noPassword: {
    subject: (appName) => `So melden Sie sich bei ${appName} an`,
    intro: (appName) => `wir haben eine Anfrage zum Zurücksetzen des Passworts für Ihr Konto bei ${appName} erhalten. Ihr Konto hat kein Passwort.`,
    signInWith: (way) => `Melden Sie sich mit ${way} an.`,
    signIn: "Melden Sie sich wie gewohnt an, zum Beispiel mit einem Konto bei einem anderen Dienst oder über Ihre Organisation.",
    notYou: "Wenn Sie das nicht waren, können Sie diese E-Mail ignorieren: Es hat sich nichts geändert.",
  },
  requested: (when, address) => `Diese E-Mail wurde am ${when}${address ? ` von der IP-Adresse ${address} aus` : ""} angefordert.`,
  contact: "Brauchen Sie Hilfe? So erreichen Sie uns:",
  violations: {
    required: () => "Geben Sie ein neues Passwort ein.",
    invalid_characters: () => "Dieses Passwort enthält Zeichen, die nicht verwendet werden können. Wählen Sie ein anderes.",
    too_short: ({ min }) => `Verwenden Sie mindestens ${min} Zeichen.`,
    too_long: ({ max }) => `Verwenden Sie höchstens ${max} Zeichen.`,
    too_long_in_bytes: ({ maxBytes }) => `Dieses Passwort ist zu lang. Verwenden Sie höchstens ${maxBytes} Zeichen. Umlaute und ß zählen als zwei, Emojis als vier oder mehr.`,
    common: () => "Dieses Passwort wird zu häufig verwendet und ist deshalb leicht zu erraten. Wählen Sie ein anderes.",
    personal: () => "Dieses Passwort ähnelt zu sehr Ihrem Namen, Ihrer E-Mail-Adresse oder dem Namen dieses Dienstes. Wählen Sie ein anderes.",
    breached: () => "Dieses Passwort ist aus einem Datenleck bekannt und deshalb nicht sicher. Wählen Sie ein anderes.",
    breach_check_unavailable: () => "Wir konnten dieses Passwort nicht prüfen. Versuchen Sie es gleich noch einmal.",
    unacceptable: () => "Sie können dieses Passwort nicht verwenden. Wählen Sie ein anderes.",
  },
};
