import { formatCount } from "../../../messages/in-words.ts";
import type { Texts } from "../texts.ts";

/** French, with `vous`, and with no participle that takes the reader for a man or a woman. */
export const french: Texts = {
  errorTitle: (title) => `Erreur\u00a0: ${title}`,
  email: "Adresse e-mail",
  back: "Retour à la connexion",
  request: {
    title: "Réinitialiser votre mot de passe",
    lead: "Saisissez l’adresse e-mail avec laquelle vous vous connectez. Nous vous enverrons un lien pour définir un nouveau mot de passe.",
    submit: "Recevoir un lien",
    leadForCode:
      "Saisissez l’adresse e-mail avec laquelle vous vous connectez. Nous vous enverrons un code pour définir un nouveau mot de passe.",
    submitForCode: "Recevoir un code",
    notices: {
      malformed_link: {
        title: "Ce lien est incomplet",
        detail: "Copiez le lien entier depuis l’e-mail, ou demandez-en un nouveau ici.",
      },
      invalid_or_expired_token: {
        title: "Ce lien ne fonctionne plus",
        detail:
          "Les liens ne fonctionnent qu’une seule fois et expirent au bout d’un certain temps. Saisissez votre adresse e-mail pour en recevoir un nouveau.",
      },
      open_link_again: {
        title: "Ouvrez de nouveau le lien",
        detail: "Retournez à notre e-mail et ouvrez de nouveau le lien, ou demandez-en un nouveau ici.",
      },
      cookies_needed: {
        title: "Votre navigateur bloque les cookies",
        detail: "Autorisez les cookies pour ce site, puis retournez à notre e-mail et ouvrez de nouveau le lien.",
      },
    },
    errors: {
      invalid_email: "Saisissez une adresse e-mail au bon format, par exemple nom@example.com.",
      unknown_email: "Aucun compte n’est associé à cette adresse e-mail. Vérifiez-la ou essayez-en une autre.",
    },
  },
  sent: {
    title: "Consultez votre messagerie",
    lead: (email) =>
      `S’il existe un compte pour ${email}, nous avons envoyé par e-mail un lien pour définir un nouveau mot de passe.`,
    lifetime: (duration) => `Le lien ne fonctionne qu’une seule fois et reste valable ${duration}.`,
    detail:
      "Toujours rien après quelques minutes\u00a0? Regardez dans votre dossier de courrier indésirable et vérifiez que l’adresse e-mail est correcte.",
    again: "Utiliser une autre adresse e-mail",
  },
  code: {
    lead: (email) =>
      `S’il existe un compte pour ${email}, nous avons envoyé par e-mail un code pour définir un nouveau mot de passe.`,
    leadWithoutAddress:
      "S’il existe un compte pour cette adresse e-mail, nous avons envoyé par e-mail un code pour définir un nouveau mot de passe.",
    label: "Code reçu par e-mail",
    digits: (count) => `${formatCount(count, { one: "# chiffre", other: "# chiffres" }, { tag: "fr" })}.`,
    lifetime: (duration) => `Le code reste valable ${duration}.`,
    submit: "Continuer",
    refused: "Ce code est incorrect ou n’est plus valable. Vérifiez-le ou demandez-en un nouveau.",
    orLink: "Pas de code\u00a0? Ouvrez plutôt le lien dans l’e-mail.",
  },
  newPassword: {
    title: "Définir un nouveau mot de passe",
    account: "Compte",
    password: "Nouveau mot de passe",
    confirmation: "Confirmer le nouveau mot de passe",
    minLength: (min) => `Au moins ${formatCount(min, { one: "# caractère", other: "# caractères" }, { tag: "fr" })}.`,
    advice:
      "Quatre mots pris au hasard conviennent bien. Évitez votre nom, votre adresse e-mail et les mots de passe courants.",
    mismatch: "Les mots de passe ne correspondent pas. Saisissez-les de nouveau.",
    submit: "Définir le nouveau mot de passe",
    aftermath: "Vos sessions seront fermées sur tous vos appareils.",
  },
  invitation: {
    title: "Définir un mot de passe",
    password: "Mot de passe",
    confirmation: "Confirmer le mot de passe",
    submit: "Définir le mot de passe",
  },
  secondFactor: {
    choice: "Comment voulez-vous confirmer votre identité\u00a0?",
    methods: {
      totp: "Code de votre application d’authentification",
      recovery_code: "Code de récupération",
      sms: "Code reçu par SMS",
    },
    response: "Code à saisir",
    errors: {
      second_factor_required: "Saisissez le code qui confirme votre identité.",
      second_factor_rejected: "Ce code n’est pas le bon. Vérifiez-le ou utilisez-en un autre.",
    },
  },
  signedIn: {
    title: "Votre session est déjà ouverte",
    lead: "Vous avez ouvert un lien pour définir un mot de passe. Il concerne peut-être un autre compte que celui que vous utilisez.",
    signOut: "Se déconnecter et définir le mot de passe",
    goOn: "Continuer sans se déconnecter",
  },
  home: "Aller à la page d’accueil",
  later: (when) => `Réessayez ${when}.`,
  problems: {
    400: { title: "Cela n’a pas fonctionné", detail: "Revenez en arrière et réessayez." },
    403: {
      title: "Nous n’avons pas pu accepter ce formulaire",
      detail: "Il provient d’un autre site. Ouvrez la page sur ce site et réessayez.",
    },
    404: { title: "Page introuvable", detail: "Vérifiez l’adresse de la page ou allez à la page d’accueil." },
    405: {
      title: "Cette action n’est pas possible ici",
      detail: "Revenez en arrière et utilisez le formulaire de la page.",
    },
    409: {
      title: "Votre session est déjà ouverte",
      detail: "Pour réinitialiser votre mot de passe, déconnectez-vous d’abord.",
    },
    413: { title: "C’est trop long", detail: "Raccourcissez votre saisie et réessayez." },
    415: {
      title: "Nous ne pouvons pas lire ces données",
      detail: "Revenez en arrière et utilisez le formulaire de la page.",
    },
    422: { title: "Choisissez un autre mot de passe", detail: "Celui-ci ne répond pas aux exigences." },
    429: {
      title: "Trop de tentatives",
      detail: "Pour protéger les comptes, nous limitons le nombre de tentatives.",
    },
    500: {
      title: "Désolé, une erreur s’est produite",
      detail: "Le problème vient de chez nous. Réessayez plus tard.",
    },
    503: {
      title: "Désolé, cela ne fonctionne pas pour le moment",
      detail: "Le problème vient de chez nous. Réessayez dans quelques minutes.",
    },
  },
  details: {
    invalid_request: "La requête est mal formée.",
    invalid_json: "Le corps doit être un seul objet JSON en UTF-8, sans clé en double.",
    invalid_or_expired_token: "Le lien n’est pas valide ou a expiré.",
    cross_site: "La requête doit provenir de ce site.",
    not_found: "Il n’y a rien à cette URL.",
    method_not_allowed: "Cette URL n’accepte pas la méthode de la requête.",
    too_large: "La requête est trop volumineuse.",
    unsupported_media_type: "Ce Content-Type n’est pas pris en charge.",
    password_rejected: "Le mot de passe ne répond pas aux exigences.",
    second_factor_required: "Le compte a un second facteur, mais aucun n’a été fourni.",
    second_factor_rejected: "La réponse au second facteur est incorrecte.",
  },
};
