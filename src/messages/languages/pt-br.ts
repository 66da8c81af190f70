import { formatCount, type PluralForms } from "../in-words.ts";
import type { Language } from "../language.ts";

const CHARACTERS: PluralForms = { one: "# caractere", other: "# caracteres" };

/** Portuguese as it is written in Brazil. */
export const brazilianPortuguese: Language = {
  tag: "pt-BR",
  greeting: (name) => (name ? `Olá, ${name}!` : "Olá!"),
  resetLink: {
    subject: (appName) => `Redefina a senha da sua conta ${appName}`,
    intro: (appName) => `Alguém, provavelmente você, pediu para redefinir a senha da sua conta ${appName}. Abra este link para escolher uma nova senha:`,
    action: "Escolher uma nova senha",
    plainLink: "Se o botão não funcionar, copie este endereço e cole no navegador:",
    lifetime: (duration) => `O link funciona uma única vez e é válido por ${duration}.`,
    notYou: "Se não foi você, não faça nada: sua senha continua a mesma. Não compartilhe este link com ninguém.",
  },
  resetCode: {
    intro: (appName) => `Alguém, provavelmente você, pediu para redefinir a senha da sua conta ${appName}. Para escolher uma nova senha, digite este código na página em que você fez o pedido:`,
    lifetime: (duration) => `O código é válido por ${duration} e só funciona no dispositivo em que foi pedido.`,
    secrecy: (appName) => `Não compartilhe este código com ninguém. A equipe ${appName} nunca vai pedir esse código a você.`,
    orLink: "Se preferir, abra este link em qualquer dispositivo:",
    notYou: "Se não foi você, não faça nada: sua senha continua a mesma. Também não compartilhe o link com ninguém.",
  },
  invitation: {
    subject: (appName) => `Defina uma senha para sua conta ${appName}`,
    intro: (appName) => `Sua conta ${appName} ainda não tem uma senha. Abra este link para definir uma:`,
    action: "Definir uma senha",
    plainLink: "Se o botão não funcionar, copie este link e cole no navegador:",
    lifetime: (duration) => `O link funciona uma única vez e é válido por ${duration}.`,
    notYou: "Se você não esperava este e-mail, pode ignorá-lo: nada vai mudar. Não compartilhe o link com ninguém.",
  },
  passwordChanged: {
    subject: (appName) => `A senha da sua conta ${appName} foi alterada`,
    intro: (appName, when, address) => `A senha da sua conta ${appName} foi alterada. Data e hora: ${when}.${address ? ` Endereço IP: ${address}.` : ""}`,
    signedOut: "Se foi você, não é preciso fazer mais nada. Entre novamente com a nova senha.",
    notYou: "Se não foi você, é provável que outra pessoa consiga ler seus e-mails. Proteja primeiro seu e-mail e depois fale conosco imediatamente.",
  },
  noAccount: {
    subject: (appName) => `Nenhuma conta ${appName} tem este endereço`,
    intro: (appName) => `Alguém, talvez você, pediu para redefinir a senha de uma conta ${appName} com este endereço de e-mail. Nenhuma conta tem este endereço, portanto não há nada para redefinir.`,
    otherAddress: "Se foi você, talvez sua conta tenha outro endereço. Tente novamente com esse outro endereço.",
    notYou: "Se não foi você, não é preciso fazer nada.",
  },
  noPassword: {
    subject: (appName) => `Como entrar na sua conta ${appName}`,
    intro: (appName) => `Alguém, provavelmente você, pediu para redefinir a senha da sua conta ${appName}. Esta conta não tem senha, portanto não há nada para redefinir.`,
    signInWith: (way) => `Forma de acesso a esta conta: ${way}.`,
    signIn: "Entre como você costuma fazer, por exemplo com sua conta em outro serviço ou pela sua organização.",
    notYou: "Se não foi você, não é preciso fazer nada: nada mudou.",
  },
  requested: (when, address) => `Data e hora da solicitação: ${when}.${address ? ` Endereço IP: ${address}.` : ""}`,
  contact: "Você pode falar conosco por este endereço:",
  violations: {
    required: () => "Digite uma senha.",
    invalid_characters: () => "Esta senha contém caracteres que não podem ser armazenados. Escolha outra.",
    too_short: ({ min }) => `Use pelo menos ${formatCount(min, CHARACTERS, brazilianPortuguese)}.`,
    too_long: ({ max }) => `Use no máximo ${formatCount(max, CHARACTERS, brazilianPortuguese)}.`,
    too_long_in_bytes: ({ maxBytes }) => `Esta senha é longa demais: use no máximo ${formatCount(maxBytes, { one: "# byte", other: "# bytes" }, brazilianPortuguese)} (letras acentuadas ocupam dois; emojis, quatro ou mais).`,
    common: () => "Esta é uma das senhas mais comuns. Escolha uma mais difícil de adivinhar.",
    personal: () => "Esta senha é parecida demais com seu nome, seu endereço ou o nome deste serviço. Escolha outra.",
    breached: () => "Esta senha apareceu em um vazamento de dados. Escolha outra.",
    breach_check_unavailable: () => "Não foi possível verificar esta senha agora. Tente novamente daqui a pouco.",
    unacceptable: () => "Esta senha não pode ser usada. Escolha outra.",
  },
};
