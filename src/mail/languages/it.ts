import type { Language } from "../language.ts";
import { counted, type PluralForms } from "../plural.ts";

const CHARACTERS: PluralForms = { one: "# carattere", other: "# caratteri" };

/** Italian, with `tu`. What follows the greeting begins with a small letter. */
export const italian: Language = {
  tag: "it",
  direction: "ltr",
  greeting: (name) => (name ? `Buongiorno ${name},` : "Buongiorno,"),
  resetLink: {
    subject: (appName) => `Reimposta la password del tuo account ${appName}`,
    intro: (appName) =>
      `qualcuno, probabilmente tu, ha chiesto di reimpostare la password del tuo account ${appName}. Apri questo link per sceglierne una nuova:`,
    action: "Scegli una nuova password",
    plainLink: "Se il pulsante non funziona, copia questo indirizzo nel browser:",
    lifetime: (duration) =>
      `Il link funziona una sola volta ed è valido per ${duration}. Se hai fatto più richieste, funziona solo il link dell’e-mail più recente.`,
    notYou:
      "Se la richiesta non è tua, non devi fare nulla: la password resta invariata. Non condividere questo link con nessuno.",
  },
  passwordChanged: {
    subject: (appName) => `La password del tuo account ${appName} è stata cambiata`,
    intro: (appName, when) => `la password del tuo account ${appName} è stata cambiata. Data e ora: ${when}.`,
    signedOut: "Se hai cambiato tu la password, non devi fare altro. Accedi di nuovo con la nuova password.",
    notYou:
      "Se non l’hai cambiata tu, probabilmente qualcun altro può leggere le tue e-mail. Metti prima al sicuro la tua casella di posta, poi contattaci subito.",
  },
  noAccount: {
    subject: (appName) => `Nessun account ${appName} con questo indirizzo`,
    intro: (appName) =>
      `qualcuno, forse tu, ha chiesto di reimpostare la password di un account ${appName} con questo indirizzo e-mail. Nessun account ha questo indirizzo, quindi non c’è nulla da reimpostare.`,
    otherAddress:
      "Se la richiesta è tua, forse il tuo account ha un altro indirizzo. Riprova con quell’altro indirizzo.",
    notYou: "Se la richiesta non è tua, non devi fare nulla.",
  },
  noPassword: {
    subject: (appName) => `Come accedere al tuo account ${appName}`,
    intro: (appName) =>
      `qualcuno, probabilmente tu, ha chiesto di reimpostare la password del tuo account ${appName}. Questo account non ha una password, quindi non c’è nulla da reimpostare.`,
    signInWith: (way) => `A questo account si accede con ${way}.`,
    signIn:
      "Accedi come fai di solito, per esempio con il tuo account di un altro servizio o tramite la tua organizzazione.",
    notYou: "Se la richiesta non è tua, non devi fare nulla: non è cambiato niente.",
  },
  contact: "Puoi scriverci a questo indirizzo:",
  violations: {
    required: () => "Inserisci una password.",
    invalid_characters: () =>
      "Questa password contiene caratteri che non possono essere memorizzati. Scegline un’altra.",
    too_short: ({ min }) => `Usa almeno ${counted(min, CHARACTERS, italian)}.`,
    too_long: ({ max, maxBytes }) =>
      maxBytes
        ? `Questa password è troppo lunga: usa al massimo ${maxBytes} byte (le lettere accentate ne occupano due, le emoji quattro o più).`
        : `Usa al massimo ${counted(max, CHARACTERS, italian)}.`,
    common: () => "È una delle password più comuni. Scegline una più difficile da indovinare.",
    personal: () =>
      "Questa password somiglia troppo al tuo nome, al tuo indirizzo o al nome di questo servizio. Scegline un’altra.",
    breached: () => "Questa password è comparsa in una violazione di dati. Scegline un’altra.",
    breach_check_unavailable: () =>
      "Al momento non è stato possibile verificare questa password. Riprova tra poco.",
    unacceptable: () => "Questa password non può essere usata. Scegline un’altra.",
  },
};
