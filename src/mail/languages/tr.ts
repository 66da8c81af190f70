import type { Language } from "../language.ts";

/** Turkish, with `siz`. No suffix ever follows a name. */
export const turkish: Language = {
  tag: "tr",
  direction: "ltr",
  greeting: (name) => (name ? `Merhaba ${name},` : "Merhaba,"),
  resetLink: {
    subject: (appName) => `${appName} parolanızı sıfırlayın`,
    intro: (appName) =>
      `Biri, büyük olasılıkla siz, ${appName} hesabınızın parolasını sıfırlamak istedi. Yeni bir parola belirlemek için bu bağlantıyı açın:`,
    action: "Yeni parola belirle",
    plainLink: "Düğme çalışmıyorsa bu adresi kopyalayıp tarayıcınıza yapıştırın:",
    lifetime: (duration) =>
      `Bağlantı yalnızca bir kez kullanılabilir ve ${duration} boyunca geçerlidir. Birden fazla istekte bulunduysanız yalnızca en yeni e-postadaki bağlantı çalışır.`,
    notYou:
      "Bu isteği siz yapmadıysanız hiçbir şey yapmanız gerekmez: Parolanız olduğu gibi kalır. Bu bağlantıyı kimseyle paylaşmayın.",
  },
  passwordChanged: {
    subject: (appName) => `${appName} parolanız değiştirildi`,
    intro: (appName, when) => `${appName} hesabınızın parolası değiştirildi. Tarih ve saat: ${when}.`,
    signedOut: "Bunu siz yaptıysanız başka bir şey yapmanız gerekmez. Yeni parolanızla yeniden oturum açın.",
    notYou:
      "Bunu siz yapmadıysanız büyük olasılıkla bir başkası e-postalarınızı okuyabiliyor. Önce e-posta hesabınızı güvence altına alın, ardından hemen bizimle iletişime geçin.",
  },
  noAccount: {
    subject: (appName) => `Bu adresle kayıtlı bir ${appName} hesabı yok`,
    intro: (appName) =>
      `Biri, belki siz, bu e-posta adresiyle bir ${appName} hesabının parolasını sıfırlamak istedi. Bu adresle kayıtlı bir hesap yok, dolayısıyla sıfırlanacak bir parola da yok.`,
    otherAddress:
      "Bu isteği siz yaptıysanız hesabınız başka bir e-posta adresiyle kayıtlı olabilir. O adresle yeniden deneyin.",
    notYou: "Bu isteği siz yapmadıysanız hiçbir şey yapmanız gerekmez.",
  },
  noPassword: {
    subject: (appName) => `${appName} hesabınızda oturum açma`,
    intro: (appName) =>
      `Biri, büyük olasılıkla siz, ${appName} hesabınızın parolasını sıfırlamak istedi. Bu hesabın parolası yok, dolayısıyla sıfırlanacak bir şey de yok.`,
    signInWith: (way) => `Bu hesapta oturum açma yöntemi: ${way}.`,
    signIn:
      "Her zamanki gibi, örneğin başka bir hizmetteki hesabınızla ya da kurumunuz üzerinden oturum açın.",
    notYou: "Bu isteği siz yapmadıysanız hiçbir şey yapmanız gerekmez: Hiçbir şey değişmedi.",
  },
  contact: "Bize bu adresten ulaşabilirsiniz:",
  violations: {
    required: () => "Bir parola girin.",
    invalid_characters: () => "Bu parola kaydedilemeyen karakterler içeriyor. Başka bir parola seçin.",
    too_short: ({ min }) => `En az ${min} karakter kullanın.`,
    too_long: ({ max, maxBytes }) =>
      maxBytes
        ? `Bu parola çok uzun: En fazla ${maxBytes} bayt kullanın (ç, ğ, ş gibi harfler iki, emojiler dört veya daha fazla bayt yer kaplar).`
        : `En fazla ${max} karakter kullanın.`,
    common: () => "Bu, en yaygın parolalardan biri. Tahmin edilmesi daha zor bir parola seçin.",
    personal: () =>
      "Bu parola adınıza, adresinize veya bu hizmetin adına çok benziyor. Başka bir parola seçin.",
    breached: () => "Bu parola bir veri sızıntısında yer almış. Başka bir parola seçin.",
    breach_check_unavailable: () => "Bu parola şu anda denetlenemedi. Kısa bir süre sonra yeniden deneyin.",
    unacceptable: () => "Bu parola kullanılamaz. Başka bir parola seçin.",
  },
};
