/* How many messages a text takes: the twin of models/values/sms.py, for the counter under the field.
 *
 * Owns: the alphabet (3GPP TS 23.038) and the counting. Must not: decide whether a text may be sent (the server does).
 */

const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENSION = new Set("\f^{}\\[~]|€");
const ROOM = { gsm7: { alone: 160, joined: 153 }, ucs2: { alone: 70, joined: 67 } };
export const MOST_PARTS = 10;

// What is written for want of a better letter, and its place in the alphabet.
const PLAIN = {
  á: "a", í: "i", ó: "o", ú: "u", Á: "A", Í: "I", Ó: "O", Ú: "U", "“": '"', "”": '"', "«": '"', "»": '"', "‘": "'",
  "’": "'", "´": "'", "`": "'", "–": "-", "—": "-", "…": "...", "\u00a0": " ", "\t": " ", "₡": "CRC ", "•": "-",
};

/** `{encoding, units, count, left, odd}`: as `segments` in Python; `odd`: what makes it UCS-2, each once. */
export function segments(text) {
  const letters = [...text];
  const odd = [...new Set(letters.filter((one) => !BASIC.has(one) && !EXTENSION.has(one)))].join("");
  const encoding = odd === "" ? "gsm7" : "ucs2";
  const sizes = letters.map((one) => (encoding === "gsm7" ? (EXTENSION.has(one) ? 2 : 1) : one.length));
  const units = sizes.reduce((sum, size) => sum + size, 0);
  const { alone, joined } = ROOM[encoding];
  if (units <= alone) return { encoding, units, count: text === "" ? 0 : 1, left: alone - units, odd };
  let count = 1;
  let used = 0;
  for (const size of sizes) {
    if (used + size > joined) {
      count += 1;
      used = 0;
    }
    used += size;
  }
  return { encoding, units, count, left: joined - used, odd };
}

/** The text in letters that all are in the alphabet, as far as there are such. */
export function plain(text) {
  return [...text.normalize("NFC")].map((one) => PLAIN[one] ?? one).join("");
}

/** Would `plain` make it cheaper? */
export function canBePlain(text) {
  const { odd } = segments(text);
  return odd !== "" && segments(plain(text)).odd === "";
}
