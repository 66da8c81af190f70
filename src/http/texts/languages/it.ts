import { formatCount } from "../../../messages/in-words.ts";
import type { Texts } from "../texts.ts";

/** Italian, with `tu`, as public services write it. */
export const italian: Texts = {
  errorTitle: (title) => `Errore: ${title}`,
  email: "Indirizzo e-mail",
  back: "Torna all’accesso",
  request: {
    title: "Reimposta la password",
    lead: "Inserisci l’indirizzo e-mail con cui accedi. Ti invieremo un link per impostare una nuova password.",
    submit: "Ricevi un link",
    leadForCode:
      "Inserisci l’indirizzo e-mail con cui accedi. Ti invieremo un codice per impostare una nuova password.",
    submitForCode: "Ricevi un codice",
    notices: {
      malformed_link: {
        title: "Questo link è incompleto",
        detail: "Copia il link intero dall’e-mail oppure richiedine uno nuovo qui.",
      },
      invalid_or_expired_token: {
        title: "Questo link non funziona più",
        detail:
          "I link funzionano una sola volta e scadono dopo un certo tempo. Inserisci il tuo indirizzo e-mail per riceverne uno nuovo.",
      },
      open_link_again: {
        title: "Apri di nuovo il link",
        detail: "Torna alla nostra e-mail e apri di nuovo il link, oppure richiedine uno nuovo qui.",
      },
      cookies_needed: {
        title: "Il tuo browser blocca i cookie",
        detail: "Consenti i cookie per questo sito, poi torna alla nostra e-mail e apri di nuovo il link.",
      },
    },
    errors: {
      invalid_email: "Inserisci un indirizzo e-mail nel formato corretto, per esempio nome@example.com.",
      unknown_email: "Non troviamo nessun account con questo indirizzo e-mail. Controllalo o provane un altro.",
    },
  },
  sent: {
    title: "Controlla la tua posta",
    lead: (email) =>
      `Se esiste un account per ${email}, abbiamo inviato un’e-mail con un link per impostare una nuova password.`,
    lifetime: (duration) => `Il link funziona una sola volta ed è valido per ${duration}.`,
    detail:
      "Dopo qualche minuto non è arrivato nulla? Guarda nella cartella dello spam e controlla che l’indirizzo e-mail sia giusto.",
    again: "Usa un altro indirizzo e-mail",
  },
  code: {
    lead: (email) =>
      `Se esiste un account per ${email}, abbiamo inviato un’e-mail con un codice per impostare una nuova password.`,
    leadWithoutAddress:
      "Se esiste un account per questo indirizzo e-mail, abbiamo inviato un’e-mail con un codice per impostare una nuova password.",
    label: "Codice ricevuto via e-mail",
    digits: (count) => `${formatCount(count, { one: "# cifra", other: "# cifre" }, { tag: "it" })}.`,
    lifetime: (duration) => `Il codice è valido per ${duration}.`,
    submit: "Continua",
    refused: "Questo codice è sbagliato o non funziona più. Controllalo o richiedine uno nuovo.",
    orLink: "Non hai un codice? Apri il link nell’e-mail.",
  },
  newPassword: {
    title: "Imposta una nuova password",
    account: "Il tuo account",
    password: "Nuova password",
    confirmation: "Conferma la nuova password",
    minLength: (min) => `Almeno ${formatCount(min, { one: "# carattere", other: "# caratteri" }, { tag: "it" })}.`,
    advice: "Quattro parole a caso vanno bene. Evita il tuo nome, il tuo indirizzo e-mail e le password comuni.",
    mismatch: "Le password non corrispondono. Inseriscile di nuovo.",
    submit: "Imposta la nuova password",
    aftermath: "La sessione verrà chiusa su tutti i tuoi dispositivi.",
  },
  invitation: {
    title: "Imposta una password",
    password: "Password",
    confirmation: "Conferma la password",
    submit: "Imposta la password",
  },
  secondFactor: {
    choice: "Come vuoi confermare la tua identità?",
    methods: {
      totp: "Codice della tua app di autenticazione",
      recovery_code: "Codice di recupero",
      sms: "Codice ricevuto via SMS",
    },
    response: "Codice",
    errors: {
      second_factor_required: "Inserisci il codice che conferma la tua identità.",
      second_factor_rejected: "Questo codice non è giusto. Controllalo o usane un altro.",
    },
  },
  signedIn: {
    title: "Hai già effettuato l’accesso",
    lead: "Hai aperto un link per impostare una password. Potrebbe riguardare un account diverso da quello che stai usando.",
    signOut: "Esci e imposta la password",
    goOn: "Continua senza uscire",
  },
  home: "Vai alla pagina iniziale",
  later: (when) => `Riprova ${when}.`,
  problems: {
    400: { title: "Non ha funzionato", detail: "Torna indietro e riprova." },
    403: {
      title: "Non abbiamo potuto accettare il modulo",
      detail: "È stato inviato da un altro sito. Apri la pagina su questo sito e riprova.",
    },
    404: { title: "Pagina non trovata", detail: "Controlla l’indirizzo web o vai alla pagina iniziale." },
    405: { title: "Qui non è possibile", detail: "Torna indietro e usa il modulo nella pagina." },
    409: { title: "Hai già effettuato l’accesso", detail: "Per reimpostare la password, prima esci dall’account." },
    413: { title: "È troppo lungo", detail: "Accorcia il testo e riprova." },
    415: { title: "Non riusciamo a leggere questi dati", detail: "Torna indietro e usa il modulo nella pagina." },
    422: { title: "Scegli un’altra password", detail: "Questa non soddisfa i requisiti." },
    429: { title: "Troppi tentativi", detail: "Per proteggere gli account limitiamo il numero di tentativi." },
    500: { title: "Spiacenti, qualcosa è andato storto", detail: "Il problema è nostro. Riprova più tardi." },
    503: {
      title: "Spiacenti, al momento non funziona",
      detail: "Il problema è nostro. Riprova tra qualche minuto.",
    },
  },
  details: {
    invalid_request: "La richiesta non è formata correttamente.",
    invalid_json: "Il corpo deve essere un unico oggetto JSON in UTF-8, senza chiavi ripetute.",
    invalid_or_expired_token: "Il link non è valido o è scaduto.",
    cross_site: "La richiesta deve provenire da questo stesso sito.",
    not_found: "Non c’è nulla a questo URL.",
    method_not_allowed: "Questo URL non supporta il metodo della richiesta.",
    too_large: "La richiesta è troppo grande.",
    unsupported_media_type: "Questo Content-Type non è supportato.",
    password_rejected: "La password non soddisfa i requisiti.",
    second_factor_required: "L’account ha un secondo fattore, ma non è stato fornito.",
    second_factor_rejected: "La risposta al secondo fattore è sbagliata.",
  },
};
