import { formatCount, type PluralForms } from "../in-words.ts";
import type { Language } from "../language.ts";

const CHARACTERS: PluralForms = { one: "# caractère", other: "# caractères" };

/** French, with `vous`. */
export const french: Language = {
  tag: "fr",
  greeting: (name) => (name ? `Bonjour ${name},` : "Bonjour,"),
  resetLink: {
    subject: (appName) => `Réinitialisation de votre mot de passe ${appName}`,
    intro: (appName) => `Une personne, sans doute vous-même, a demandé à réinitialiser le mot de passe de votre compte ${appName}. Ouvrez ce lien pour en choisir un nouveau\u00a0:`,
    action: "Choisir un nouveau mot de passe",
    plainLink: "Si le bouton ne fonctionne pas, copiez cette adresse dans votre navigateur\u00a0:",
    lifetime: (duration) => `Ce lien ne fonctionne qu’une seule fois et reste valable ${duration}.`,
    notYou: "Si cette demande ne vient pas de vous, ne faites rien\u00a0: votre mot de passe reste inchangé. Ne communiquez ce lien à personne.",
  },
  resetCode: {
    intro: (appName) => `Une personne, sans doute vous-même, a demandé à réinitialiser le mot de passe de votre compte ${appName}. Pour en choisir un nouveau, saisissez ce code sur la page où vous l’avez demandé\u00a0:`,
    lifetime: (duration) => `Ce code reste valable ${duration}, uniquement sur l’appareil où il a été demandé.`,
    secrecy: (appName) => `Ne communiquez ce code à personne. L’équipe ${appName} ne vous le demandera jamais.`,
    orLink: "Vous pouvez aussi ouvrir ce lien, sur n’importe quel appareil\u00a0:",
    notYou: "Si cette demande ne vient pas de vous, ne faites rien\u00a0: votre mot de passe reste inchangé. Ne communiquez pas non plus ce lien.",
  },
  invitation: {
    subject: (appName) => `Définissez un mot de passe pour votre compte ${appName}`,
    intro: (appName) => `Votre compte ${appName} n’a pas encore de mot de passe. Ouvrez ce lien pour en définir un\u00a0:`,
    action: "Définir un mot de passe",
    plainLink: "Si le bouton ne fonctionne pas, copiez ce lien dans votre navigateur\u00a0:",
    lifetime: (duration) => `Ce lien ne fonctionne qu’une seule fois et reste valable ${duration}.`,
    notYou: "Si vous n’attendiez pas cet e-mail, vous pouvez l’ignorer\u00a0: rien ne changera. Ne communiquez ce lien à personne.",
  },
  passwordChanged: {
    subject: (appName) => `Votre mot de passe ${appName} a été modifié`,
    intro: (appName, when, address) => `Le mot de passe de votre compte ${appName} a été modifié le ${when}${address ? ` depuis l’adresse IP ${address}` : ""}.`,
    signedOut: "Si cette modification vient de vous, vous n’avez rien d’autre à faire. Reconnectez-vous avec votre nouveau mot de passe.",
    notYou: "Si elle ne vient pas de vous, quelqu’un d’autre peut probablement lire vos e-mails. Sécurisez d’abord votre messagerie, puis contactez-nous immédiatement.",
  },
  noAccount: {
    subject: (appName) => `Aucun compte ${appName} à cette adresse`,
    intro: (appName) => `Une personne, peut-être vous-même, a demandé à réinitialiser le mot de passe d’un compte ${appName} avec cette adresse e-mail. Aucun compte n’est associé à cette adresse\u00a0: il n’y a rien à réinitialiser.`,
    otherAddress: "Si cette demande vient de vous, votre compte est peut-être associé à une autre adresse. Refaites la demande avec cette autre adresse.",
    notYou: "Si elle ne vient pas de vous, vous n’avez rien à faire.",
  },
  noPassword: {
    subject: (appName) => `Connexion à votre compte ${appName}`,
    intro: (appName) => `Une personne, sans doute vous-même, a demandé à réinitialiser le mot de passe de votre compte ${appName}. Ce compte n’a pas de mot de passe\u00a0: il n’y a rien à réinitialiser.`,
    signInWith: (way) => `La connexion à ce compte se fait avec ${way}.`,
    signIn: "Connectez-vous comme d’habitude, par exemple avec votre compte d’un autre service ou par l’intermédiaire de votre organisation.",
    notYou: "Si cette demande ne vient pas de vous, vous n’avez rien à faire\u00a0: rien n’a été modifié.",
  },
  requested: (when, address) => `Cet e-mail a été demandé le ${when}${address ? ` depuis l’adresse IP ${address}` : ""}.`,
  contact: "Vous pouvez nous joindre à cette adresse\u00a0:",
  violations: {
    required: () => "Saisissez un mot de passe.",
    invalid_characters: () => "Ce mot de passe contient des caractères qui ne peuvent pas être enregistrés. Choisissez-en un autre.",
    too_short: ({ min }) => `Utilisez au moins ${formatCount(min, CHARACTERS, french)}.`,
    too_long: ({ max }) => `Utilisez au plus ${formatCount(max, CHARACTERS, french)}.`,
    too_long_in_bytes: ({ maxBytes }) => `Ce mot de passe est trop long\u00a0: ${formatCount(maxBytes, { one: "# octet", other: "# octets" }, french)} au maximum (une lettre accentuée en occupe deux, un emoji quatre ou plus).`,
    common: () => "Ce mot de passe est l’un des plus courants. Choisissez-en un plus difficile à deviner.",
    personal: () => "Ce mot de passe ressemble trop à votre nom, à votre adresse ou au nom de ce service. Choisissez-en un autre.",
    breached: () => "Ce mot de passe figure dans une fuite de données. Choisissez-en un autre.",
    breach_check_unavailable: () => "Ce mot de passe n’a pas pu être vérifié. Réessayez dans quelques instants.",
    unacceptable: () => "Ce mot de passe ne peut pas être utilisé. Choisissez-en un autre.",
  },
};
