import { formatCount, type PluralForms } from "../in-words.ts";
import type { Language } from "../language.ts";

const CHARACTERS: PluralForms = { one: "# carácter", other: "# caracteres" };

/**
 * Spanish, with `usted`, for Spain and America alike.
 *
 * @example
 * const passwordReset = createPasswordReset({ ...options, languages: [en, es] });
 */
export const spanish: Language = {
  tag: "es",
  greeting: (name) => (name ? `Hola, ${name}:` : "Hola:"),
  resetLink: {
    subject: (appName) => `Restablezca su contraseña de ${appName}`,
    intro: (appName) => `Hemos recibido una solicitud para restablecer la contraseña de su cuenta de ${appName}. Para crear una nueva, abra este enlace:`,
    action: "Crear una contraseña nueva",
    plainLink: "Si el botón no funciona, copie este enlace en su navegador:",
    lifetime: (duration) => `El enlace funciona una sola vez y es válido durante ${duration}.`,
    notYou: "¿No lo ha solicitado usted? Puede ignorar este correo: su contraseña no cambiará. No comparta el enlace con nadie.",
  },
  resetCode: {
    intro: (appName) => `Hemos recibido una solicitud para restablecer la contraseña de su cuenta de ${appName}. Para crear una nueva, escriba este código en la página donde lo solicitó:`,
    lifetime: (duration) => `El código es válido durante ${duration}, solo en el dispositivo donde se solicitó.`,
    secrecy: (appName) => `No comparta este código con nadie. Nadie de ${appName} se lo pedirá nunca.`,
    orLink: "Si lo prefiere, abra este enlace en cualquier dispositivo:",
    notYou: "¿No lo ha solicitado usted? Puede ignorar este correo: su contraseña no cambiará. Tampoco comparta el enlace con nadie.",
  },
  invitation: {
    subject: (appName) => `Cree una contraseña para su cuenta de ${appName}`,
    intro: (appName) => `Su cuenta de ${appName} todavía no tiene contraseña. Para crear una, abra este enlace:`,
    action: "Crear una contraseña",
    plainLink: "Si el botón no funciona, copie este enlace en su navegador:",
    lifetime: (duration) => `El enlace funciona una sola vez y es válido durante ${duration}.`,
    notYou: "¿No esperaba este correo? Puede ignorarlo: no cambiará nada. No comparta el enlace con nadie.",
  },
  passwordChanged: {
    subject: (appName) => `Se ha cambiado su contraseña de ${appName}`,
    intro: (appName, when, address) => `Se ha cambiado la contraseña de su cuenta de ${appName}. Fecha y hora: ${when}.${address ? ` Dirección IP: ${address}.` : ""}`,
    signedOut: "Si ha sido usted, no tiene que hacer nada. La próxima vez, inicie sesión con la contraseña nueva.",
    notYou: "Si no ha sido usted, es posible que alguien tenga acceso a su correo. Cambie primero la contraseña de su correo y después póngase en contacto con nosotros de inmediato.",
  },
  noAccount: {
    subject: (appName) => `No hay ninguna cuenta de ${appName} con este correo`,
    intro: (appName) => `Hemos recibido una solicitud para restablecer la contraseña de una cuenta de ${appName} con este correo electrónico. No tenemos ninguna cuenta con él, así que no hay nada que restablecer.`,
    otherAddress: "Si ha sido usted, quizá se registró con otro correo electrónico. Inténtelo de nuevo con ese.",
    notYou: "Si no ha sido usted, puede ignorar este correo.",
  },
  noPassword: {
    subject: (appName) => `Cómo iniciar sesión en ${appName}`,
    intro: (appName) => `Hemos recibido una solicitud para restablecer la contraseña de su cuenta de ${appName}. Su cuenta no tiene contraseña.`,
    signInWith: (way) => `Para iniciar sesión, use ${way}.`,
    signIn: "Inicie sesión como siempre, por ejemplo con una cuenta de otro servicio o a través de su organización.",
    notYou: "Si no ha sido usted, puede ignorar este correo: no ha cambiado nada.",
  },
  requested: (when, address) => `Fecha y hora de la solicitud: ${when}.${address ? ` Dirección IP: ${address}.` : ""}`,
  contact: "¿Necesita ayuda? Escríbanos:",
  violations: {
    required: () => "Escriba una contraseña nueva.",
    invalid_characters: () => "Esta contraseña contiene caracteres que no se pueden usar. Elija otra.",
    too_short: ({ min }) => `Use al menos ${formatCount(min, CHARACTERS, spanish)}.`,
    too_long: ({ max }) => `Use como máximo ${formatCount(max, CHARACTERS, spanish)}.`,
    too_long_in_bytes: ({ maxBytes }) => `Esta contraseña es demasiado larga. Use como máximo ${formatCount(maxBytes, CHARACTERS, spanish)}. Las letras con tilde y la ñ cuentan como dos; los emojis, como cuatro o más.`,
    common: () => "Esta contraseña es demasiado común y fácil de adivinar. Elija otra.",
    personal: () => "Esta contraseña se parece demasiado a su nombre, a su correo electrónico o al nombre de este servicio. Elija otra.",
    breached: () => "Esta contraseña ha aparecido en una filtración de datos y no es segura. Elija otra.",
    breach_check_unavailable: () => "No hemos podido comprobar esta contraseña. Inténtelo de nuevo en unos instantes.",
    unacceptable: () => "No puede usar esta contraseña. Elija otra.",
  },
};
