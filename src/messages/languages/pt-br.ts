import { formatCount, type PluralForms } from "../in-words.ts";
import type { Language } from "../language.ts";

const CHARACTERS: PluralForms = { one: "# caractere", other: "# caracteres" };

/**
 * Portuguese as it is written in Brazil.
 *
 * @example
 * const passwordReset = createPasswordReset({ ...options, languages: [en, ptBR] });
 */
export const brazilianPortuguese: Language = {
  tag: "pt-BR",
  greeting: (name) => (name ? `Olá, ${name},` : "Olá,"),
  resetLink: {
    subject: (appName) => `Redefina a senha da sua conta ${appName}`,
    intro: (appName) => `Recebemos uma solicitação para redefinir a senha da sua conta ${appName}. Para definir uma nova, abra este link:`,
    action: "Definir uma nova senha",
    plainLink: "Se o botão não funcionar, copie este link e cole no navegador:",
    lifetime: (duration) => `O link funciona uma única vez e é válido por ${duration}.`,
    notYou: "Não foi você que pediu? Pode ignorar este e-mail: sua senha não vai mudar. Não compartilhe o link com ninguém.",
  },
  resetCode: {
    intro: (appName) => `Recebemos uma solicitação para redefinir a senha da sua conta ${appName}. Para definir uma nova, digite este código na página em que você o pediu:`,
    lifetime: (duration) => `O código é válido por ${duration} e só funciona no dispositivo em que foi pedido.`,
    secrecy: (appName) => `Não compartilhe este código com ninguém. A equipe ${appName} nunca vai pedir este código a você.`,
    orLink: "Ou abra este link, em qualquer dispositivo:",
    notYou: "Não foi você que pediu? Pode ignorar este e-mail: sua senha não vai mudar. Também não compartilhe o link com ninguém.",
  },
  invitation: {
    subject: (appName) => `Defina uma senha para sua conta ${appName}`,
    intro: (appName) => `Sua conta ${appName} ainda não tem uma senha. Para definir uma, abra este link:`,
    action: "Definir uma senha",
    plainLink: "Se o botão não funcionar, copie este link e cole no navegador:",
    lifetime: (duration) => `O link funciona uma única vez e é válido por ${duration}.`,
    notYou: "Não esperava este e-mail? Pode ignorá-lo: nada vai mudar. Não compartilhe o link com ninguém.",
  },
  passwordChanged: {
    subject: (appName) => `A senha da sua conta ${appName} foi alterada`,
    intro: (appName, when, address) => `A senha da sua conta ${appName} foi alterada. Data e hora: ${when}.${address ? ` Endereço IP: ${address}.` : ""}`,
    signedOut: "Se foi você, não precisa fazer nada. Da próxima vez, entre com a nova senha.",
    notYou: "Se não foi você, alguém pode ter acesso ao seu e-mail. Troque primeiro a senha do seu e-mail e depois fale conosco imediatamente.",
  },
  noAccount: {
    subject: (appName) => `Nenhuma conta ${appName} com este endereço de e-mail`,
    intro: (appName) => `Recebemos uma solicitação para redefinir a senha de uma conta ${appName} com este endereço de e-mail. Não temos nenhuma conta com ele, então não há nada para redefinir.`,
    otherAddress: "Se foi você, talvez tenha feito o cadastro com outro endereço de e-mail. Tente novamente com ele.",
    notYou: "Se não foi você, pode ignorar este e-mail.",
  },
  noPassword: {
    subject: (appName) => `Como entrar na sua conta ${appName}`,
    intro: (appName) => `Recebemos uma solicitação para redefinir a senha da sua conta ${appName}. Sua conta não tem senha.`,
    signInWith: (way) => `Para entrar, use ${way}.`,
    signIn: "Entre como você costuma fazer, por exemplo com uma conta de outro serviço ou pela sua organização.",
    notYou: "Se não foi você, pode ignorar este e-mail: nada mudou.",
  },
  requested: (when, address) => `Data e hora da solicitação: ${when}.${address ? ` Endereço IP: ${address}.` : ""}`,
  contact: "Precisa de ajuda? Fale conosco:",
  violations: {
    required: () => "Digite uma nova senha.",
    invalid_characters: () => "Esta senha contém caracteres que não podem ser usados. Escolha outra.",
    too_short: ({ min }) => `Use pelo menos ${formatCount(min, CHARACTERS, brazilianPortuguese)}.`,
    too_long: ({ max }) => `Use no máximo ${formatCount(max, CHARACTERS, brazilianPortuguese)}.`,
    too_long_in_bytes: ({ maxBytes }) => `Esta senha é longa demais. Use no máximo ${formatCount(maxBytes, CHARACTERS, brazilianPortuguese)}. Letras acentuadas e o ç contam como dois; emojis, como quatro ou mais.`,
    common: () => "Esta senha é comum demais, por isso é fácil de adivinhar. Escolha outra.",
    personal: () => "Esta senha é parecida demais com seu nome, seu endereço de e-mail ou o nome deste serviço. Escolha outra.",
    breached: () => "Esta senha apareceu em um vazamento de dados, por isso não é segura. Escolha outra.",
    breach_check_unavailable: () => "Não conseguimos verificar esta senha. Tente novamente em instantes.",
    unacceptable: () => "Você não pode usar esta senha. Escolha outra.",
  },
};
