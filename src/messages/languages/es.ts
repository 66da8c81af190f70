import { formatCount, type PluralForms } from "../in-words.ts";
import type { Language } from "../language.ts";

const CHARACTERS: PluralForms = { one: "# carácter", other: "# caracteres" };

/** Spanish, with `usted`, for Spain and America alike. */
export const spanish: Language = {
  tag: "es",
  greeting: (name) => (name ? `Hola, ${name}:` : "Hola:"),
  resetLink: {
    subject: (appName) => `Restablezca su contraseña de ${appName}`,
    intro: (appName) => `Alguien, probablemente usted, ha solicitado restablecer la contraseña de su cuenta de ${appName}. Abra este enlace para elegir una nueva:`,
    action: "Elegir una contraseña nueva",
    plainLink: "Si el botón no funciona, copie esta dirección en su navegador:",
    lifetime: (duration) => `El enlace funciona una sola vez y es válido durante ${duration}.`,
    notYou: "Si no ha sido usted, no haga nada: su contraseña no cambiará. No comparta este enlace con nadie.",
  },
  resetCode: {
    intro: (appName) => `Alguien, probablemente usted, ha solicitado restablecer la contraseña de su cuenta de ${appName}. Para elegir una nueva, escriba este código en la página donde lo solicitó:`,
    lifetime: (duration) => `El código es válido durante ${duration} y solo en el dispositivo donde se solicitó.`,
    secrecy: (appName) => `No comparta este código con nadie. Nadie de ${appName} se lo pedirá nunca.`,
    orLink: "Si lo prefiere, abra este enlace en cualquier dispositivo:",
    notYou: "Si no ha sido usted, no haga nada: su contraseña no cambiará. Tampoco comparta el enlace con nadie.",
  },
  invitation: {
    subject: (appName) => `Cree una contraseña para su cuenta de ${appName}`,
    intro: (appName) => `Su cuenta de ${appName} todavía no tiene contraseña. Abra este enlace para crear una:`,
    action: "Crear una contraseña",
    plainLink: "Si el botón no funciona, copie este enlace en su navegador:",
    lifetime: (duration) => `El enlace funciona una sola vez y es válido durante ${duration}.`,
    notYou: "Si no esperaba este correo, puede ignorarlo: no cambiará nada. No comparta el enlace con nadie.",
  },
  passwordChanged: {
    subject: (appName) => `Se ha cambiado su contraseña de ${appName}`,
    intro: (appName, when, address) => `Se ha cambiado la contraseña de su cuenta de ${appName}. Fecha y hora: ${when}.${address ? ` Dirección IP: ${address}.` : ""}`,
    signedOut: "Si ha sido usted, no tiene que hacer nada más. Vuelva a iniciar sesión con la contraseña nueva.",
    notYou: "Si no ha sido usted, es probable que otra persona pueda leer su correo. Proteja primero su buzón y después póngase en contacto con nosotros de inmediato.",
  },
  noAccount: {
    subject: (appName) => `No hay ninguna cuenta de ${appName} con esta dirección`,
    intro: (appName) => `Alguien, quizá usted, ha solicitado restablecer la contraseña de una cuenta de ${appName} con esta dirección de correo. Ninguna cuenta tiene esta dirección, así que no hay nada que restablecer.`,
    otherAddress: "Si ha sido usted, es posible que su cuenta tenga otra dirección. Inténtelo de nuevo con esa otra dirección.",
    notYou: "Si no ha sido usted, no tiene que hacer nada.",
  },
  noPassword: {
    subject: (appName) => `Cómo iniciar sesión en ${appName}`,
    intro: (appName) => `Alguien, probablemente usted, ha solicitado restablecer la contraseña de su cuenta de ${appName}. Esta cuenta no tiene contraseña, así que no hay nada que restablecer.`,
    signInWith: (way) => `En esta cuenta se inicia sesión con ${way}.`,
    signIn: "Inicie sesión como lo hace habitualmente, por ejemplo con su cuenta de otro servicio o a través de su organización.",
    notYou: "Si no ha sido usted, no tiene que hacer nada: no ha cambiado nada.",
  },
  requested: (when, address) => `Fecha y hora de la solicitud: ${when}.${address ? ` Dirección IP: ${address}.` : ""}`,
  contact: "Puede escribirnos a esta dirección:",
  violations: {
    required: () => "Escriba una contraseña.",
    invalid_characters: () => "Esta contraseña contiene caracteres que no se pueden guardar. Elija otra.",
    too_short: ({ min }) => `Use al menos ${formatCount(min, CHARACTERS, spanish)}.`,
    too_long: ({ max }) => `Use como máximo ${formatCount(max, CHARACTERS, spanish)}.`,
    too_long_in_bytes: ({ maxBytes }) => `Esta contraseña es demasiado larga: use como máximo ${formatCount(maxBytes, { one: "# byte", other: "# bytes" }, spanish)} (las letras con tilde y la ñ ocupan dos; los emojis, cuatro o más).`,
    common: () => "Esta es una de las contraseñas más comunes. Elija una más difícil de adivinar.",
    personal: () => "Esta contraseña se parece demasiado a su nombre, a su dirección o al nombre de este servicio. Elija otra.",
    breached: () => "Esta contraseña ha aparecido en una filtración de datos. Elija otra.",
    breach_check_unavailable: () => "Ahora no se ha podido comprobar esta contraseña. Inténtelo de nuevo en unos instantes.",
    unacceptable: () => "Esta contraseña no se puede usar. Elija otra.",
  },
};
