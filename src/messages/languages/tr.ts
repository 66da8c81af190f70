import type { Language } from "../language.ts";

/**
 * Turkish, with `siz`. No suffix ever follows a name.
 *
 * @example
 * const passwordReset = createPasswordReset({ ...options, languages: [en, tr] });
 */
export const turkish: Language = {
  tag: "tr",
  greeting: (name) => (name ? `Merhaba ${name},` : "Merhaba,"),
  resetLink: {
    subject: (appName) => `${appName} parolanızı sıfırlayın`,
    intro: (appName) => `${appName} hesabınız için bir parola sıfırlama isteği aldık. Yeni bir parola belirlemek için bu bağlantıyı açın:`,
    action: "Yeni parola belirle",
    plainLink: "Düğme çalışmıyorsa bu bağlantıyı kopyalayıp tarayıcınıza yapıştırın:",
    lifetime: (duration) => `Bağlantı yalnızca bir kez kullanılabilir ve ${duration} boyunca geçerlidir.`,
    notYou: "Bu isteği siz yapmadıysanız bu e-postayı yok sayabilirsiniz: Parolanız değişmez. Bağlantıyı kimseyle paylaşmayın.",
  },
  resetCode: {
    intro: (appName) => `${appName} hesabınız için bir parola sıfırlama isteği aldık. Yeni bir parola belirlemek için bu kodu, istekte bulunduğunuz sayfaya girin:`,
    lifetime: (duration) => `Kod ${duration} boyunca geçerlidir ve yalnızca istekte bulunduğunuz cihazda kullanılabilir.`,
    secrecy: (appName) => `Bu kodu kimseyle paylaşmayın. ${appName} ekibinden hiç kimse sizden bu kodu istemez.`,
    orLink: "Ya da bu bağlantıyı dilediğiniz cihazda açın:",
    notYou: "Bu isteği siz yapmadıysanız bu e-postayı yok sayabilirsiniz: Parolanız değişmez. Bağlantıyı da kimseyle paylaşmayın.",
  },
  invitation: {
    subject: (appName) => `${appName} hesabınız için parola belirleyin`,
    intro: (appName) => `${appName} hesabınızın henüz bir parolası yok. Parola belirlemek için bu bağlantıyı açın:`,
    action: "Parola belirle",
    plainLink: "Düğme çalışmıyorsa bu bağlantıyı kopyalayıp tarayıcınıza yapıştırın:",
    lifetime: (duration) => `Bağlantı yalnızca bir kez kullanılabilir ve ${duration} boyunca geçerlidir.`,
    notYou: "Bu e-postayı beklemiyorsanız yok sayabilirsiniz: Hiçbir şey değişmez. Bağlantıyı kimseyle paylaşmayın.",
  },
  passwordChanged: {
    subject: (appName) => `${appName} parolanız değiştirildi`,
    intro: (appName, when, address) => `${appName} hesabınızın parolası değiştirildi. Tarih ve saat: ${when}.${address ? ` IP adresi: ${address}.` : ""}`,
    signedOut: "Bunu siz yaptıysanız bir şey yapmanız gerekmez. Bir dahaki sefere yeni parolanızla oturum açın.",
    notYou: "Bunu siz yapmadıysanız e-postalarınıza başka biri erişiyor olabilir. Önce e-posta parolanızı değiştirin, ardından hemen bizimle iletişime geçin.",
  },
  noAccount: {
    subject: (appName) => `Bu e-posta adresiyle kayıtlı bir ${appName} hesabı yok`,
    intro: (appName) => `Bu e-posta adresiyle kayıtlı bir ${appName} hesabı için parola sıfırlama isteği aldık. Bu adresle kayıtlı bir hesap olmadığından sıfırlanacak bir parola da yok.`,
    otherAddress: "Bu isteği siz yaptıysanız başka bir e-posta adresiyle kaydolmuş olabilirsiniz. O adresle yeniden deneyin.",
    notYou: "Bu isteği siz yapmadıysanız bu e-postayı yok sayabilirsiniz.",
  },
  noPassword: {
    subject: (appName) => `${appName} hesabınızda oturum açma`,
    intro: (appName) => `${appName} hesabınız için bir parola sıfırlama isteği aldık. Hesabınızın parolası yok.`,
    signInWith: (way) => `Oturum açma yöntemi: ${way}.`,
    signIn: "Her zamanki gibi, örneğin başka bir hizmetteki hesabınızla ya da kurumunuz üzerinden oturum açın.",
    notYou: "Bu isteği siz yapmadıysanız bu e-postayı yok sayabilirsiniz: Hiçbir şey değişmedi.",
  },
  requested: (when, address) => `İstek tarihi ve saati: ${when}.${address ? ` IP adresi: ${address}.` : ""}`,
  contact: "Yardıma mı ihtiyacınız var? Bize yazın:",
  violations: {
    required: () => "Yeni bir parola girin.",
    invalid_characters: () => "Bu parola, kullanılamayan karakterler içeriyor. Başka bir parola seçin.",
    too_short: ({ min }) => `En az ${min} karakter kullanın.`,
    too_long: ({ max }) => `En fazla ${max} karakter kullanın.`,
    too_long_in_bytes: ({ maxBytes }) => `Bu parola çok uzun. En fazla ${maxBytes} karakter kullanın. Ç, ğ, ş gibi harfler iki, emojiler dört veya daha fazla karakter sayılır.`,
    common: () => "Bu parola çok yaygın, bu yüzden kolayca tahmin edilebilir. Başka bir parola seçin.",
    personal: () => "Bu parola adınıza, e-posta adresinize veya bu hizmetin adına çok benziyor. Başka bir parola seçin.",
    breached: () => "Bu parola bir veri sızıntısında yer aldı, bu yüzden güvenli değil. Başka bir parola seçin.",
    breach_check_unavailable: () => "Bu parolayı kontrol edemedik. Biraz sonra yeniden deneyin.",
    unacceptable: () => "Bu parolayı kullanamazsınız. Başka bir parola seçin.",
  },
};
