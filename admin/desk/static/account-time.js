/* Wall time of the account, wherever the browser sits: what is promised is promised by its clock.
 *
 * Owns: that reckoning. Must not: touch the page. "Local" is a text as a datetime-local field has it: 2026-12-01T15:30.
 */

import { data } from "./page.js";

const PARTS = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const DAY_MS = 24 * 3600 * 1000;

/** The moment as the account's clock shows it. */
export function localOf(ms) {
  const parts = new Intl.DateTimeFormat("en-US", { ...PARTS, timeZone: data.accountTimezone }).formatToParts(new Date(ms));
  const value = Object.fromEntries(parts.map(({ type, value: text }) => [type, text]));
  return `${value.year}-${value.month}-${value.day}T${value.hour}:${value.minute}`;
}

/** The day of `local` and `hour:minute` of it, `days` later. */
export function shifted(local, days, time = local.slice(11)) {
  const day = new Date(`${local.slice(0, 10)}T12:00Z`).getTime() + days * DAY_MS;
  return `${new Date(day).toISOString().slice(0, 10)}T${time}`;
}

/** "hoy, 15:30", "mañana, 8:00", "lun 30 nov, 8:00": in the agent's language. */
export function dayAndTime(local, now) {
  const days = daysBetween(localOf(now), local);
  const at = new Date(`${local}Z`);
  const time = at.toLocaleTimeString(data.language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" });
  if (Math.abs(days) <= 1) {
    const words = new Intl.RelativeTimeFormat(data.language, { numeric: "auto" }).format(days, "day");
    return `${words}, ${time}`;
  }
  const form = { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" };
  if (local.slice(0, 4) !== localOf(now).slice(0, 4)) form.year = "numeric";
  return `${at.toLocaleDateString(data.language, form)}, ${time}`;
}

/** Whole days from one to the other, by the calendar. */
export function daysBetween(from, to) {
  const noon = (local) => new Date(`${local.slice(0, 10)}T12:00Z`).getTime();
  return Math.round((noon(to) - noon(from)) / DAY_MS);
}

/** Does the browser's clock say something else than the account's? */
export function isElsewhere(now) {
  const here = new Date(now - new Date(now).getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  return here !== localOf(now);
}
