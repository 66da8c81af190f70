import type { Language } from "../language.ts";

/** German, formal. What follows the greeting begins with a small letter. */
export const german: Language = {
  tag: "de",
  greeting: (name) => (name ? `Guten Tag ${name},` : "Guten Tag,"),
  resetLink: {
    subject: (appName) => `Neues Passwort für Ihr Konto bei ${appName}`,
    intro: (appName) => `jemand – vermutlich Sie selbst – möchte das Passwort Ihres Kontos bei ${appName} zurücksetzen. Über diesen Link legen Sie ein neues Passwort fest:`,
    action: "Neues Passwort festlegen",
    plainLink: "Falls die Schaltfläche nicht funktioniert, kopieren Sie diese Adresse in Ihren Browser:",
    lifetime: (duration) => `Der Link funktioniert nur einmal und ist ${duration} gültig.`,
    notYou: "Wenn die Anfrage nicht von Ihnen kommt, brauchen Sie nichts zu tun: Ihr Passwort bleibt unverändert. Geben Sie diesen Link an niemanden weiter.",
  },
  resetCode: {
    intro: (appName) => `jemand – vermutlich Sie selbst – möchte das Passwort Ihres Kontos bei ${appName} zurücksetzen. Um ein neues festzulegen, geben Sie diesen Code auf der Seite ein, auf der Sie ihn angefordert haben:`,
    lifetime: (duration) => `Der Code ist ${duration} gültig und funktioniert nur auf dem Gerät, auf dem er angefordert wurde.`,
    secrecy: (appName) => `Verraten Sie diesen Code niemandem. Niemand von ${appName} wird Sie jemals danach fragen.`,
    orLink: "Stattdessen können Sie auch auf jedem beliebigen Gerät diesen Link öffnen:",
    notYou: "Wenn die Anfrage nicht von Ihnen kommt, brauchen Sie nichts zu tun: Ihr Passwort bleibt unverändert. Geben Sie auch den Link an niemanden weiter.",
  },
  invitation: {
    subject: (appName) => `Passwort für Ihr Konto bei ${appName} festlegen`,
    intro: (appName) => `Ihr Konto bei ${appName} hat noch kein Passwort. Über diesen Link legen Sie eines fest:`,
    action: "Passwort festlegen",
    plainLink: "Falls die Schaltfläche nicht funktioniert, kopieren Sie diesen Link in Ihren Browser:",
    lifetime: (duration) => `Der Link funktioniert nur einmal und ist ${duration} gültig.`,
    notYou: "Wenn Sie diese E-Mail nicht erwartet haben, können Sie sie ignorieren: Es ändert sich nichts. Geben Sie den Link an niemanden weiter.",
  },
  passwordChanged: {
    subject: (appName) => `Ihr Passwort bei ${appName} wurde geändert`,
    intro: (appName, when, address) => `das Passwort Ihres Kontos bei ${appName} wurde am ${when}${address ? ` von der IP-Adresse ${address} aus` : ""} geändert.`,
    signedOut: "Wenn Sie das selbst waren, ist nichts weiter zu tun. Melden Sie sich mit dem neuen Passwort wieder an.",
    notYou: "Wenn Sie das nicht waren, kann vermutlich jemand anderes Ihre E-Mails lesen. Sichern Sie zuerst Ihr Postfach und wenden Sie sich dann sofort an uns.",
  },
  noAccount: {
    subject: (appName) => `Kein Konto bei ${appName} unter dieser Adresse`,
    intro: (appName) => `jemand – vielleicht Sie selbst – wollte das Passwort eines Kontos bei ${appName} mit dieser E-Mail-Adresse zurücksetzen. Unter dieser Adresse gibt es kein Konto, also auch nichts zurückzusetzen.`,
    otherAddress: "Wenn Sie das waren, läuft Ihr Konto vielleicht unter einer anderen E-Mail-Adresse. Versuchen Sie es mit der anderen Adresse noch einmal.",
    notYou: "Wenn Sie das nicht waren, brauchen Sie nichts zu tun.",
  },
  noPassword: {
    subject: (appName) => `So melden Sie sich bei ${appName} an`,
    intro: (appName) => `jemand – vermutlich Sie selbst – möchte das Passwort Ihres Kontos bei ${appName} zurücksetzen. Dieses Konto hat kein Passwort, es gibt also nichts zurückzusetzen.`,
    signInWith: (way) => `Die Anmeldung bei diesem Konto läuft über ${way}.`,
    signIn: "Melden Sie sich wie gewohnt an, zum Beispiel mit Ihrem Konto bei einem anderen Dienst oder über Ihre Organisation.",
    notYou: "Wenn die Anfrage nicht von Ihnen kommt, brauchen Sie nichts zu tun: Es hat sich nichts geändert.",
  },
  requested: (when, address) => `Diese E-Mail wurde am ${when}${address ? ` von der IP-Adresse ${address} aus` : ""} angefordert.`,
  contact: "Unter dieser Adresse erreichen Sie uns:",
  violations: {
    required: () => "Geben Sie ein Passwort ein.",
    invalid_characters: () => "Dieses Passwort enthält Zeichen, die nicht gespeichert werden können. Wählen Sie ein anderes.",
    too_short: ({ min }) => `Verwenden Sie mindestens ${min} Zeichen.`,
    too_long: ({ max }) => `Verwenden Sie höchstens ${max} Zeichen.`,
    too_long_in_bytes: ({ maxBytes }) => `Dieses Passwort ist zu lang: Verwenden Sie höchstens ${maxBytes} Byte (Umlaute brauchen zwei, Emojis vier oder mehr).`,
    common: () => "Dieses Passwort gehört zu den häufigsten. Wählen Sie eines, das schwerer zu erraten ist.",
    personal: () => "Dieses Passwort ähnelt zu sehr Ihrem Namen, Ihrer Adresse oder dem Namen dieses Dienstes. Wählen Sie ein anderes.",
    breached: () => "Dieses Passwort ist aus einem Datenleck bekannt. Wählen Sie ein anderes.",
    breach_check_unavailable: () => "Dieses Passwort konnte gerade nicht geprüft werden. Versuchen Sie es gleich noch einmal.",
    unacceptable: () => "Dieses Passwort kann nicht verwendet werden. Wählen Sie ein anderes.",
  },
};
