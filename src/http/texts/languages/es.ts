import { formatCount } from "../../../messages/in-words.ts";
import type { Texts } from "../texts.ts";

/** Spanish, with `usted`, for Spain and America alike. */
export const spanish: Texts = {
  errorTitle: (title) => `Error: ${title}`,
  email: "Correo electrónico",
  back: "Volver al inicio de sesión",
  request: {
    title: "Restablezca su contraseña",
    lead: "Escriba el correo electrónico con el que inicia sesión. Le enviaremos un enlace para crear una contraseña nueva.",
    submit: "Recibir un enlace",
    leadForCode:
      "Escriba el correo electrónico con el que inicia sesión. Le enviaremos un código para crear una contraseña nueva.",
    submitForCode: "Recibir un código",
    notices: {
      malformed_link: {
        title: "Este enlace está incompleto",
        detail: "Copie el enlace completo de nuestro correo o pida uno nuevo aquí.",
      },
      invalid_or_expired_token: {
        title: "Este enlace ya no funciona",
        detail:
          "Los enlaces funcionan una sola vez y caducan al cabo de un tiempo. Escriba su correo electrónico para recibir uno nuevo.",
      },
      open_link_again: {
        title: "Abra el enlace otra vez",
        detail: "Vuelva a nuestro correo y abra el enlace otra vez, o pida uno nuevo aquí.",
      },
      cookies_needed: {
        title: "Su navegador bloquea las cookies",
        detail: "Permita las cookies de este sitio y después vuelva a nuestro correo y abra el enlace otra vez.",
      },
    },
    errors: {
      invalid_email: "Escriba un correo electrónico con el formato correcto, como nombre@example.com.",
      unknown_email: "No encontramos ninguna cuenta con ese correo electrónico. Revíselo o pruebe con otro.",
    },
  },
  sent: {
    title: "Revise su correo",
    lead: (email) =>
      `Si existe una cuenta con la dirección ${email}, le hemos enviado un enlace para crear una contraseña nueva.`,
    lifetime: (duration) => `El enlace funciona una sola vez y es válido durante ${duration}.`,
    detail:
      "¿No ha llegado nada en unos minutos? Mire en la carpeta de spam y compruebe que el correo electrónico es correcto.",
    again: "Usar otro correo electrónico",
  },
  code: {
    lead: (email) =>
      `Si existe una cuenta con la dirección ${email}, le hemos enviado un código para crear una contraseña nueva.`,
    leadWithoutAddress:
      "Si existe una cuenta con esa dirección, le hemos enviado un código para crear una contraseña nueva.",
    label: "Código del correo",
    digits: (count) => `${formatCount(count, { one: "# cifra", other: "# cifras" }, { tag: "es" })}.`,
    lifetime: (duration) => `El código es válido durante ${duration}.`,
    submit: "Continuar",
    refused: "Este código no es correcto o ya no funciona. Revíselo o pida uno nuevo.",
    orLink: "¿No tiene ningún código? Abra el enlace del correo.",
  },
  newPassword: {
    title: "Cree una contraseña nueva",
    account: "Cuenta",
    password: "Contraseña nueva",
    confirmation: "Repita la contraseña nueva",
    minLength: (min) => `Al menos ${formatCount(min, { one: "# carácter", other: "# caracteres" }, { tag: "es" })}.`,
    advice: "Cuatro palabras al azar funcionan bien. Evite su nombre, su correo electrónico y las contraseñas comunes.",
    mismatch: "Las contraseñas no coinciden. Escríbalas otra vez.",
    submit: "Crear la contraseña nueva",
    aftermath: "Se cerrará la sesión en todos sus dispositivos.",
  },
  invitation: {
    title: "Cree una contraseña",
    password: "Contraseña",
    confirmation: "Repita la contraseña",
    submit: "Crear la contraseña",
  },
  secondFactor: {
    choice: "¿Cómo quiere confirmar que es usted?",
    methods: {
      totp: "Código de su aplicación de autenticación",
      recovery_code: "Código de recuperación",
      sms: "Código de un SMS",
    },
    response: "Código",
    errors: {
      second_factor_required: "Escriba el código que confirma que es usted.",
      second_factor_rejected: "Ese código no es correcto. Revíselo o use otro.",
    },
  },
  signedIn: {
    title: "Ya ha iniciado sesión",
    lead: "Ha abierto un enlace para crear una contraseña. Puede que sea de una cuenta distinta de la que está usando.",
    signOut: "Cerrar sesión y crear la contraseña",
    goOn: "Continuar sin cerrar sesión",
  },
  home: "Ir a la página de inicio",
  later: (when) => `Inténtelo de nuevo ${when}.`,
  problems: {
    400: { title: "No ha funcionado", detail: "Vuelva atrás e inténtelo de nuevo." },
    403: {
      title: "No hemos podido aceptar el formulario",
      detail: "Se envió desde otro sitio. Abra la página en este sitio e inténtelo de nuevo.",
    },
    404: { title: "Página no encontrada", detail: "Revise la dirección web o vaya a la página de inicio." },
    405: { title: "Aquí no se puede hacer eso", detail: "Vuelva atrás y use el formulario de la página." },
    409: { title: "Ya ha iniciado sesión", detail: "Para restablecer su contraseña, cierre sesión primero." },
    413: { title: "Es demasiado largo", detail: "Acorte lo que ha escrito e inténtelo de nuevo." },
    415: { title: "No podemos leer esos datos", detail: "Vuelva atrás y use el formulario de la página." },
    422: { title: "Elija otra contraseña", detail: "Esta no cumple los requisitos." },
    429: { title: "Demasiados intentos", detail: "Para proteger las cuentas, limitamos el número de intentos." },
    500: { title: "Lo sentimos, algo ha fallado", detail: "El problema es nuestro. Inténtelo de nuevo más tarde." },
    503: {
      title: "Lo sentimos, esto no funciona en este momento",
      detail: "El problema es nuestro. Inténtelo de nuevo en unos minutos.",
    },
  },
  details: {
    invalid_request: "La solicitud no está bien formada.",
    invalid_json: "El cuerpo debe ser un único objeto JSON en UTF-8 sin claves repetidas.",
    invalid_or_expired_token: "El enlace no es válido o ha caducado.",
    cross_site: "La solicitud debe venir de este mismo sitio.",
    not_found: "No hay nada en esta URL.",
    method_not_allowed: "Esta URL no admite el método de la solicitud.",
    too_large: "La solicitud es demasiado grande.",
    unsupported_media_type: "Este Content-Type no se admite.",
    password_rejected: "La contraseña no cumple los requisitos.",
    second_factor_required: "La cuenta tiene un segundo factor y no se ha indicado ninguno.",
    second_factor_rejected: "La respuesta al segundo factor no es correcta.",
  },
};
