import type { Language } from "../language.ts";
import { counted, type PluralForms } from "../plural.ts";

const CHARACTERS: PluralForms = { one: "# caractère", other: "# caractères" };

/** French, with `vous`. */
export const french: Language = {
  tag: "fr",
  direction: "ltr",
  greeting: (name) => (name ? `Bonjour ${name},` : "Bonjour,"),
  resetLink: {
    subject: (appName) => `Réinitialisation de votre mot de passe ${appName}`,
    intro: (appName) =>
      `Une personne, sans doute vous-même, a demandé à réinitialiser le mot de passe de votre compte ${appName}. Ouvrez ce lien pour en choisir un nouveau\u00a0:`,
    action: "Choisir un nouveau mot de passe",
    plainLink: "Si le bouton ne fonctionne pas, copiez cette adresse dans votre navigateur\u00a0:",
    lifetime: (duration) =>
      `Ce lien ne fonctionne qu’une seule fois et reste valable ${duration}. Si vous avez fait plusieurs demandes, seul le lien de l’e-mail le plus récent fonctionne.`,
    notYou:
      "Si cette demande ne vient pas de vous, ne faites rien\u00a0: votre mot de passe reste inchangé. Ne communiquez ce lien à personne.",
  },
  passwordChanged: {
    subject: (appName) => `Votre mot de passe ${appName} a été modifié`,
    intro: (appName, when) => `Le mot de passe de votre compte ${appName} a été modifié le ${when}.`,
    signedOut:
      "Si cette modification vient de vous, vous n’avez rien d’autre à faire. Reconnectez-vous avec votre nouveau mot de passe.",
    notYou:
      "Si elle ne vient pas de vous, quelqu’un d’autre peut probablement lire vos e-mails. Sécurisez d’abord votre messagerie, puis contactez-nous immédiatement.",
  },
  noAccount: {
    subject: (appName) => `Aucun compte ${appName} à cette adresse`,
    intro: (appName) =>
      `Une personne, peut-être vous-même, a demandé à réinitialiser le mot de passe d’un compte ${appName} avec cette adresse e-mail. Aucun compte n’est associé à cette adresse\u00a0: il n’y a rien à réinitialiser.`,
    otherAddress:
      "Si cette demande vient de vous, votre compte est peut-être associé à une autre adresse. Refaites la demande avec cette autre adresse.",
    notYou: "Si elle ne vient pas de vous, vous n’avez rien à faire.",
  },
  noPassword: {
    subject: (appName) => `Connexion à votre compte ${appName}`,
    intro: (appName) =>
      `Une personne, sans doute vous-même, a demandé à réinitialiser le mot de passe de votre compte ${appName}. Ce compte n’a pas de mot de passe\u00a0: il n’y a rien à réinitialiser.`,
    signInWith: (way) => `La connexion à ce compte se fait avec ${way}.`,
    signIn:
      "Connectez-vous comme d’habitude, par exemple avec votre compte d’un autre service ou par l’intermédiaire de votre organisation.",
    notYou: "Si cette demande ne vient pas de vous, vous n’avez rien à faire\u00a0: rien n’a été modifié.",
  },
  contact: "Vous pouvez nous joindre à cette adresse\u00a0:",
  violations: {
    required: () => "Saisissez un mot de passe.",
    invalid_characters: () =>
      "Ce mot de passe contient des caractères qui ne peuvent pas être enregistrés. Choisissez-en un autre.",
    too_short: ({ min }) => `Utilisez au moins ${counted(min, CHARACTERS, french)}.`,
    too_long: ({ max, maxBytes }) =>
      maxBytes
        ? `Ce mot de passe est trop long\u00a0: ${counted(maxBytes, { one: "# octet", other: "# octets" }, french)} au maximum (une lettre accentuée en occupe deux, un emoji quatre ou plus).`
        : `Utilisez au plus ${counted(max, CHARACTERS, french)}.`,
    common: () => "Ce mot de passe est l’un des plus courants. Choisissez-en un plus difficile à deviner.",
    personal: () =>
      "Ce mot de passe ressemble trop à votre nom, à votre adresse ou au nom de ce service. Choisissez-en un autre.",
    breached: () => "Ce mot de passe figure dans une fuite de données. Choisissez-en un autre.",
    breach_check_unavailable: () =>
      "Ce mot de passe n’a pas pu être vérifié. Réessayez dans quelques instants.",
    unacceptable: () => "Ce mot de passe ne peut pas être utilisé. Choisissez-en un autre.",
  },
};
