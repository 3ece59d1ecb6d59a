/* What may be shown of texts that come from outside: colours, links, numbers.
 *
 * Owns: checks and forms of single values. Must not: make elements.
 */

const COLOR = /^#[0-9a-f]{6}$/i;
const NEUTRAL = "#3d4653";

/** A call center's colour, or a neutral one when it is none. */
export function safeColor(color) {
  return typeof color === "string" && COLOR.test(color) ? color.toLowerCase() : NEUTRAL;
}

/** Relative luminance, 0 to 1 (WCAG 2.2). */
export function luminance(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Black or white, whichever reads better on `color`. The same rule as models/values/color.py. */
export function readableInk(color) {
  const light = luminance(color) + 0.05;
  return light / 0.05 >= 1.05 / light ? "#000000" : "#ffffff";
}

/** The address when it is http or https, otherwise null. */
export function webAddress(text) {
  if (typeof text !== "string" || text === "") return null;
  try {
    const url = new URL(text);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

/** A picture of our own web, or null. */
export function ownPicture(text) {
  if (typeof text !== "string" || text === "") return null;
  const url = new URL(text, location.href);
  return url.origin === location.origin ? url.href : null;
}

/** Digits in groups an eye can hold; what is no plain number stays as it is. */
export function grouped(number) {
  const plain = /^(\+506)?(\d{4})(\d{4})$/.exec(number ?? "");
  if (plain) return [plain[1], plain[2], plain[3]].filter(Boolean).join(" ");
  const us = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number ?? "");
  return us ? `+1 ${us[1]} ${us[2]} ${us[3]}` : (number ?? "");
}

/** Up to two letters that stand for a name where there is no logo. */
export function initials(name) {
  const words = (name ?? "").trim().split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const significant = words.filter((word) => word.length > 2);
  const chosen = significant.length > 1 ? significant : words;
  return chosen.slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
}

/** Bytes as people say them: 820 B, 4,2 KB, 1,3 MB. */
export function fileSize(bytes, language) {
  const units = ["B", "KB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toLocaleString(language, { maximumFractionDigits: unit === 0 || value >= 10 ? 0 : 1 })} ${units[unit]}`;
}
