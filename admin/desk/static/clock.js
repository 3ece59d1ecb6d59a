/* The engine's clock in the browser, and durations in words of digits.
 *
 * Owns: the offset between the two clocks. Must not: touch the page.
 */

export class ServerClock {
  #offset = Date.now() - performance.now();

  /** The engine's time `now` (ms since the epoch) arrived this moment. The monotonic clock carries it on, so a
   * correction of the computer's own clock moves nothing. */
  set(now) {
    this.#offset = now - performance.now();
  }

  now() {
    return this.#offset + performance.now();
  }
}

/** 0:07, 12:34, 1:02:03. Negative is 0:00. */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** Wall time where the agent sits, or in another `timeZone`: the hour alone today, with the day before that. */
export function moment(ms, language, reference = Date.now(), timeZone = undefined) {
  const at = new Date(ms);
  const time = hour(ms, language, timeZone);
  const [day, today] = [ms, reference].map((one) => dayOf(one, timeZone));
  if (day === today) return time;
  const form = { day: "numeric", month: "short", timeZone };
  if (day.slice(0, 4) !== today.slice(0, 4)) form.year = "numeric";
  return `${at.toLocaleDateString(language, form)}, ${time}`;
}

export function hour(ms, language, timeZone = undefined) {
  return new Date(ms).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone });
}

/** The day as 2026-11-29. */
export function dayOf(ms, timeZone = undefined) {
  return new Date(ms).toLocaleDateString("sv-SE", { timeZone });
}
