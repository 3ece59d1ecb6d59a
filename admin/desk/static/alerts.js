/* Making a call noticed when the agent looks elsewhere: title, icon, notification, tone.
 *
 * Owns: what is shown outside the page, the permission (asked for by a button, never by itself) and the sound's switch.
 * Must not: know the socket.
 */

import { data, memory, part, say } from "./page.js";
import { isAlerting } from "./truth.js";

const SOUND = "centralita.desk.sound";
const LATER = "centralita.desk.notify-later";
const RINGS_AHEAD = 12;

export class Alerts {
  constructor(show) {
    this.show = show;
    this.notifications = new Map();
    this.icon = document.querySelector('link[rel="icon"]');
    this.audio = null;
    this.rings = null;
    this.soundButton = document.getElementById("sound");
    this.soundButton.onclick = () => this.#setSound(!this.sound);
    // A browser plays nothing before the first gesture.
    for (const gesture of ["pointerdown", "keydown"]) {
      addEventListener(gesture, () => this.#wakeAudio(), { capture: true });
    }
    // A desk phone rings by itself; the desk rings for the one that is only here.
    this.#setSound((memory.get(SOUND) ?? (data.agent.phoneKind === "sip" ? "off" : "on")) === "on", false);
    this.#offerNotifications();
  }

  /** `views`: all pops on the screen. */
  draw(views) {
    const alerting = views.filter((view) => isAlerting(view.pop) && !view.isPast);
    const talking = views.find((view) => view.pop.phase === "talking");
    const caller = alerting[0];
    if (caller !== undefined) {
      document.title = `☎ ${caller.title} · ${caller.centerName}`;
      this.#setIcon("ring");
    } else {
      document.title = talking ? `${talking.title} · ${say("title")}` : say("title");
      this.#setIcon(talking ? "talk" : "idle");
    }
    this.#notify(alerting);
    if (alerting.length > 0) this.#ring();
    else this.#silence();
  }

  #setIcon(name) {
    const href = this.icon.dataset[name];
    if (this.icon.getAttribute("href") !== href) this.icon.setAttribute("href", href);
  }

  #notify(alerting) {
    for (const [callId, notification] of this.notifications) {
      if (!alerting.some((view) => view.callId === callId)) {
        notification.close();
        this.notifications.delete(callId);
      }
    }
    if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
    for (const view of alerting.filter((one) => !this.notifications.has(one.callId))) {
      const body = view.title === view.number ? view.number : `${view.title}\n${view.number}`;
      const notification = new Notification(view.centerName, { body, tag: view.callId, requireInteraction: true });
      notification.onclick = () => {
        window.focus();
        this.show(view);
        notification.close();
      };
      this.notifications.set(view.callId, notification);
    }
  }

  #offerNotifications() {
    const offer = document.getElementById("notify-offer");
    const open = "Notification" in window && Notification.permission === "default" && memory.get(LATER) === null;
    offer.hidden = !open;
    part(offer, "yes").onclick = async () => {
      offer.hidden = true;
      await Notification.requestPermission();
    };
    part(offer, "later").onclick = () => {
      offer.hidden = true;
      memory.set(LATER, "1");
    };
  }

  #setSound(on, chosen = true) {
    this.sound = on;
    if (chosen) memory.set(SOUND, on ? "on" : "off");
    this.soundButton.setAttribute("aria-pressed", String(on));
    this.soundButton.title = say(on ? "sound.on" : "sound.off");
    this.soundButton.setAttribute("aria-label", say("sound.label"));
    if (!on) this.#silence();
  }

  #wakeAudio() {
    if (!this.sound || !("AudioContext" in window)) return;
    this.audio ??= new AudioContext();
    if (this.audio.state === "suspended") this.audio.resume();
  }

  /** Two soft tones every three seconds, laid out ahead on the audio clock, which no hidden tab slows. */
  #ring() {
    if (!this.sound || this.rings !== null || this.audio?.state !== "running") return;
    const volume = this.audio.createGain();
    volume.gain.value = 0;
    volume.connect(this.audio.destination);
    const start = this.audio.currentTime + 0.05;
    const tones = [523.25, 659.25].map((frequency) => {
      const tone = this.audio.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(volume);
      tone.start(start);
      tone.stop(start + RINGS_AHEAD * 3);
      return tone;
    });
    for (let ring = 0; ring < RINGS_AHEAD; ring += 1) {
      for (const at of [start + ring * 3, start + ring * 3 + 0.45]) {
        volume.gain.setValueAtTime(0, at);
        volume.gain.linearRampToValueAtTime(0.08, at + 0.03);
        volume.gain.setValueAtTime(0.08, at + 0.25);
        volume.gain.linearRampToValueAtTime(0, at + 0.38);
      }
    }
    this.rings = { tones, volume };
  }

  #silence() {
    if (this.rings === null) return;
    for (const tone of this.rings.tones) tone.stop();
    this.rings.volume.disconnect();
    this.rings = null;
  }
}
