import { formatCount, type PluralForms } from "../in-words.ts";
import type { Language } from "../language.ts";

const CHARACTERS: PluralForms = { one: "# carattere", other: "# caratteri" };

/**
 * Italian, with `tu`. What follows the greeting begins with a small letter.
 *
 * @example
 * const passwordReset = createPasswordReset({ ...options, languages: [en, it] });
 */
export const italian: Language = {
  tag: "it",
  greeting: (name) => (name ? `Ciao ${name},` : "Ciao,"),
  resetLink: {
    subject: (appName) => `Reimposta la password del tuo account ${appName}`,
    intro: (appName) => `abbiamo ricevuto una richiesta di reimpostazione della password del tuo account ${appName}. Per impostarne una nuova, apri questo link:`,
    action: "Imposta una nuova password",
    plainLink: "Se il pulsante non funziona, copia questo link nel browser:",
    lifetime: (duration) => `Il link funziona una sola volta ed è valido per ${duration}.`,
    notYou: "La richiesta non è tua? Puoi ignorare questa e-mail: la tua password non cambierà. Non condividere il link con nessuno.",
  },
  resetCode: {
    intro: (appName) => `abbiamo ricevuto una richiesta di reimpostazione della password del tuo account ${appName}. Per impostarne una nuova, inserisci questo codice nella pagina in cui l’hai richiesto:`,
    lifetime: (duration) => `Il codice è valido per ${duration}, solo sul dispositivo da cui è stato richiesto.`,
    secrecy: (appName) => `Non condividere questo codice con nessuno. Nessuno di ${appName} te lo chiederà mai.`,
    orLink: "Oppure apri questo link, su qualsiasi dispositivo:",
    notYou: "La richiesta non è tua? Puoi ignorare questa e-mail: la tua password non cambierà. Non condividere nemmeno il link.",
  },
  invitation: {
    subject: (appName) => `Imposta una password per il tuo account ${appName}`,
    intro: (appName) => `il tuo account ${appName} non ha ancora una password. Per impostarne una, apri questo link:`,
    action: "Imposta una password",
    plainLink: "Se il pulsante non funziona, copia questo link nel browser:",
    lifetime: (duration) => `Il link funziona una sola volta ed è valido per ${duration}.`,
    notYou: "Non ti aspettavi questa e-mail? Puoi ignorarla: non cambierà nulla. Non condividere il link con nessuno.",
  },
  passwordChanged: {
    subject: (appName) => `La password del tuo account ${appName} è stata cambiata`,
    intro: (appName, when, address) => `la password del tuo account ${appName} è stata cambiata. Data e ora: ${when}.${address ? ` Indirizzo IP: ${address}.` : ""}`,
    signedOut: "Se l’hai cambiata tu, non devi fare nulla. La prossima volta accedi con la nuova password.",
    notYou: "Se non l’hai cambiata tu, qualcuno potrebbe avere accesso alle tue e-mail. Cambia prima la password della tua casella di posta, poi contattaci subito.",
  },
  noAccount: {
    subject: (appName) => `Nessun account ${appName} con questo indirizzo e-mail`,
    intro: (appName) => `abbiamo ricevuto una richiesta di reimpostazione della password di un account ${appName} con questo indirizzo e-mail. Non abbiamo nessun account con questo indirizzo, quindi non c’è nulla da reimpostare.`,
    otherAddress: "Se la richiesta è tua, forse per registrarti hai usato un altro indirizzo e-mail. Riprova con quello.",
    notYou: "Se la richiesta non è tua, puoi ignorare questa e-mail.",
  },
  noPassword: {
    subject: (appName) => `Come accedere al tuo account ${appName}`,
    intro: (appName) => `abbiamo ricevuto una richiesta di reimpostazione della password del tuo account ${appName}. Il tuo account non ha una password.`,
    signInWith: (way) => `Per accedere, usa ${way}.`,
    signIn: "Accedi come fai di solito, per esempio con un account di un altro servizio o tramite la tua organizzazione.",
    notYou: "Se la richiesta non è tua, puoi ignorare questa e-mail: non è cambiato nulla.",
  },
  requested: (when, address) => `Data e ora della richiesta: ${when}.${address ? ` Indirizzo IP: ${address}.` : ""}`,
  contact: "Ti serve aiuto? Scrivici:",
  violations: {
    required: () => "Inserisci una nuova password.",
    invalid_characters: () => "Questa password contiene caratteri che non possono essere usati. Scegline un’altra.",
    too_short: ({ min }) => `Usa almeno ${formatCount(min, CHARACTERS, italian)}.`,
    too_long: ({ max }) => `Usa al massimo ${formatCount(max, CHARACTERS, italian)}.`,
    too_long_in_bytes: ({ maxBytes }) => `Questa password è troppo lunga. Usa al massimo ${formatCount(maxBytes, CHARACTERS, italian)}. Le lettere accentate contano come due, le emoji come quattro o più.`,
    common: () => "Questa password è troppo comune, quindi facile da indovinare. Scegline un’altra.",
    personal: () => "Questa password somiglia troppo al tuo nome, al tuo indirizzo e-mail o al nome di questo servizio. Scegline un’altra.",
    breached: () => "Questa password è comparsa in una violazione di dati, quindi non è sicura. Scegline un’altra.",
    breach_check_unavailable: () => "Non siamo riusciti a verificare questa password. Riprova tra poco.",
    unacceptable: () => "Non puoi usare questa password. Scegline un’altra.",
  },
};
