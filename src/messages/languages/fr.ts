import { formatCount, type PluralForms } from "../in-words.ts";
import type { Language } from "../language.ts";

const CHARACTERS: PluralForms = { one: "# caractère", other: "# caractères" };

/**
 * French, with `vous`.
 *
 * @example
 * const passwordReset = createPasswordReset({ ...options, languages: [en, fr] });
 */
export const french: Language = {
  tag: "fr",
  greeting: (name) => (name ? `Bonjour ${name},` : "Bonjour,"),
  resetLink: {
    subject: (appName) => `Réinitialisation de votre mot de passe ${appName}`,
    intro: (appName) => `Nous avons reçu une demande de réinitialisation du mot de passe de votre compte ${appName}. Pour en définir un nouveau, ouvrez ce lien\u00a0:`,
    action: "Définir un nouveau mot de passe",
    plainLink: "Si le bouton ne fonctionne pas, copiez ce lien dans votre navigateur\u00a0:",
    lifetime: (duration) => `Ce lien ne fonctionne qu’une seule fois et reste valable ${duration}.`,
    notYou: "Cette demande ne vient pas de vous\u00a0? Vous pouvez ignorer cet e-mail\u00a0: votre mot de passe ne changera pas. Ne communiquez ce lien à personne.",
  },
  resetCode: {
    intro: (appName) => `Nous avons reçu une demande de réinitialisation du mot de passe de votre compte ${appName}. Pour en définir un nouveau, saisissez ce code sur la page où vous l’avez demandé\u00a0:`,
    lifetime: (duration) => `Ce code reste valable ${duration}, uniquement sur l’appareil où il a été demandé.`,
    secrecy: (appName) => `Ne communiquez ce code à personne. L’équipe ${appName} ne vous le demandera jamais.`,
    orLink: "Vous pouvez aussi ouvrir ce lien, sur n’importe quel appareil\u00a0:",
    notYou: "Cette demande ne vient pas de vous\u00a0? Vous pouvez ignorer cet e-mail\u00a0: votre mot de passe ne changera pas. Ne communiquez le lien à personne non plus.",
  },
  invitation: {
    subject: (appName) => `Définissez un mot de passe pour votre compte ${appName}`,
    intro: (appName) => `Votre compte ${appName} n’a pas encore de mot de passe. Pour en définir un, ouvrez ce lien\u00a0:`,
    action: "Définir un mot de passe",
    plainLink: "Si le bouton ne fonctionne pas, copiez ce lien dans votre navigateur\u00a0:",
    lifetime: (duration) => `Ce lien ne fonctionne qu’une seule fois et reste valable ${duration}.`,
    notYou: "Vous n’attendiez pas cet e-mail\u00a0? Vous pouvez l’ignorer\u00a0: rien ne changera. Ne communiquez ce lien à personne.",
  },
  passwordChanged: {
    subject: (appName) => `Votre mot de passe ${appName} a été modifié`,
    intro: (appName, when, address) => `Le mot de passe de votre compte ${appName} a été modifié le ${when}${address ? ` depuis l’adresse IP ${address}` : ""}.`,
    signedOut: "Si cette modification vient de vous, vous n’avez rien à faire. La prochaine fois, connectez-vous avec votre nouveau mot de passe.",
    notYou: "Si elle ne vient pas de vous, quelqu’un a peut-être accès à vos e-mails. Changez d’abord le mot de passe de votre messagerie, puis contactez-nous immédiatement.",
  },
  noAccount: {
    subject: (appName) => `Aucun compte ${appName} à cette adresse e-mail`,
    intro: (appName) => `Nous avons reçu une demande de réinitialisation du mot de passe d’un compte ${appName} avec cette adresse e-mail. Nous n’avons aucun compte à cette adresse\u00a0: il n’y a donc rien à réinitialiser.`,
    otherAddress: "Si cette demande vient de vous, votre compte est peut-être associé à une autre adresse e-mail. Réessayez avec celle-là.",
    notYou: "Si cette demande ne vient pas de vous, vous pouvez ignorer cet e-mail.",
  },
  noPassword: {
    subject: (appName) => `Connexion à votre compte ${appName}`,
    intro: (appName) => `Nous avons reçu une demande de réinitialisation du mot de passe de votre compte ${appName}. Votre compte n’a pas de mot de passe.`,
    signInWith: (way) => `Pour vous connecter, utilisez ${way}.`,
    signIn: "Connectez-vous comme d’habitude, par exemple avec un compte d’un autre service ou via votre organisation.",
    notYou: "Si cette demande ne vient pas de vous, vous pouvez ignorer cet e-mail\u00a0: rien n’a changé.",
  },
  requested: (when, address) => `Cet e-mail a été demandé le ${when}${address ? ` depuis l’adresse IP ${address}` : ""}.`,
  contact: "Besoin d’aide\u00a0? Contactez-nous\u00a0:",
  violations: {
    required: () => "Saisissez un nouveau mot de passe.",
    invalid_characters: () => "Ce mot de passe contient des caractères qui ne peuvent pas être utilisés. Choisissez-en un autre.",
    too_short: ({ min }) => `Utilisez au moins ${formatCount(min, CHARACTERS, french)}.`,
    too_long: ({ max }) => `Utilisez au plus ${formatCount(max, CHARACTERS, french)}.`,
    too_long_in_bytes: ({ maxBytes }) => `Ce mot de passe est trop long. Utilisez au plus ${formatCount(maxBytes, CHARACTERS, french)}. Une lettre accentuée compte pour deux, un emoji pour quatre ou plus.`,
    common: () => "Ce mot de passe est trop courant, donc facile à deviner. Choisissez-en un autre.",
    personal: () => "Ce mot de passe ressemble trop à votre nom, à votre adresse e-mail ou au nom de ce service. Choisissez-en un autre.",
    breached: () => "Ce mot de passe figure dans une fuite de données, il n’est donc pas sûr. Choisissez-en un autre.",
    breach_check_unavailable: () => "Nous n’avons pas pu vérifier ce mot de passe. Réessayez dans un instant.",
    unacceptable: () => "Vous ne pouvez pas utiliser ce mot de passe. Choisissez-en un autre.",
  },
};
