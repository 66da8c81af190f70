import { formatCount, type PluralForms } from "../in-words.ts";
import type { Language } from "../language.ts";

const CHARACTERS: PluralForms = { one: "# carattere", other: "# caratteri" };

/** Italian, with `tu`. What follows the greeting begins with a small letter. */
export const italian: Language = {
  tag: "it",
  greeting: (name) => (name ? `Buongiorno ${name},` : "Buongiorno,"),
  resetLink: {
    subject: (appName) => `Reimposta la password del tuo account ${appName}`,
    intro: (appName) => `qualcuno, probabilmente tu, ha chiesto di reimpostare la password del tuo account ${appName}. Apri questo link per sceglierne una nuova:`,
    action: "Scegli una nuova password",
    plainLink: "Se il pulsante non funziona, copia questo indirizzo nel browser:",
    lifetime: (duration) => `Il link funziona una sola volta ed è valido per ${duration}.`,
    notYou: "Se la richiesta non è tua, non devi fare nulla: la password resta invariata. Non condividere questo link con nessuno.",
  },
  resetCode: {
    intro: (appName) => `qualcuno, probabilmente tu, ha chiesto di reimpostare la password del tuo account ${appName}. Per sceglierne una nuova, inserisci questo codice nella pagina in cui l’hai richiesto:`,
    lifetime: (duration) => `Il codice è valido per ${duration}, solo sul dispositivo da cui è stato richiesto.`,
    secrecy: (appName) => `Non comunicare questo codice a nessuno. Nessuno di ${appName} te lo chiederà mai.`,
    orLink: "In alternativa, apri questo link su qualsiasi dispositivo:",
    notYou: "Se la richiesta non è tua, non devi fare nulla: la password resta invariata. Non condividere nemmeno il link.",
  },
  invitation: {
    subject: (appName) => `Imposta una password per il tuo account ${appName}`,
    intro: (appName) => `il tuo account ${appName} non ha ancora una password. Apri questo link per impostarne una:`,
    action: "Imposta una password",
    plainLink: "Se il pulsante non funziona, copia questo link nel browser:",
    lifetime: (duration) => `Il link funziona una sola volta ed è valido per ${duration}.`,
    notYou: "Se non ti aspettavi questa e-mail, puoi ignorarla: non cambierà nulla. Non condividere il link con nessuno.",
  },
  passwordChanged: {
    subject: (appName) => `La password del tuo account ${appName} è stata cambiata`,
    intro: (appName, when, address) => `la password del tuo account ${appName} è stata cambiata. Data e ora: ${when}.${address ? ` Indirizzo IP: ${address}.` : ""}`,
    signedOut: "Se hai cambiato tu la password, non devi fare altro. Accedi di nuovo con la nuova password.",
    notYou: "Se non l’hai cambiata tu, probabilmente qualcun altro può leggere le tue e-mail. Metti prima al sicuro la tua casella di posta, poi contattaci subito.",
  },
  noAccount: {
    subject: (appName) => `Nessun account ${appName} con questo indirizzo`,
    intro: (appName) => `qualcuno, forse tu, ha chiesto di reimpostare la password di un account ${appName} con questo indirizzo e-mail. Nessun account ha questo indirizzo, quindi non c’è nulla da reimpostare.`,
    otherAddress: "Se la richiesta è tua, forse il tuo account ha un altro indirizzo. Riprova con quell’altro indirizzo.",
    notYou: "Se la richiesta non è tua, non devi fare nulla.",
  },
  noPassword: {
    subject: (appName) => `Come accedere al tuo account ${appName}`,
    intro: (appName) => `qualcuno, probabilmente tu, ha chiesto di reimpostare la password del tuo account ${appName}. Questo account non ha una password, quindi non c’è nulla da reimpostare.`,
    signInWith: (way) => `A questo account si accede con ${way}.`,
    signIn: "Accedi come fai di solito, per esempio con il tuo account di un altro servizio o tramite la tua organizzazione.",
    notYou: "Se la richiesta non è tua, non devi fare nulla: non è cambiato niente.",
  },
  requested: (when, address) => `Data e ora della richiesta: ${when}.${address ? ` Indirizzo IP: ${address}.` : ""}`,
  contact: "Puoi scriverci a questo indirizzo:",
  violations: {
    required: () => "Inserisci una password.",
    invalid_characters: () => "Questa password contiene caratteri che non possono essere memorizzati. Scegline un’altra.",
    too_short: ({ min }) => `Usa almeno ${formatCount(min, CHARACTERS, italian)}.`,
    too_long: ({ max }) => `Usa al massimo ${formatCount(max, CHARACTERS, italian)}.`,
    too_long_in_bytes: ({ maxBytes }) => `Questa password è troppo lunga: usa al massimo ${maxBytes} byte (le lettere accentate ne occupano due, le emoji quattro o più).`,
    common: () => "È una delle password più comuni. Scegline una più difficile da indovinare.",
    personal: () => "Questa password somiglia troppo al tuo nome, al tuo indirizzo o al nome di questo servizio. Scegline un’altra.",
    breached: () => "Questa password è comparsa in una violazione di dati. Scegline un’altra.",
    breach_check_unavailable: () => "Al momento non è stato possibile verificare questa password. Riprova tra poco.",
    unacceptable: () => "Questa password non può essere usata. Scegline un’altra.",
  },
};
