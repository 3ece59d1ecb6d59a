/* How good a call sounds, out of the browser's counters.
 *
 * Owns: the transmission rating R of ITU-T G.107 (the E-model) in its short form, and the words' limits. Must not: ask
 * the connection (`phone-call.js` does), or draw.
 *
 * R = 93.2 - Id - Ie,eff: what a perfect narrowband call is rated, less the delay, less the loss.
 * Id: Cole and Rosenbluth, "Voice over IP performance monitoring" (2001), eq. 5, a fit of G.107's curves.
 * Ie,eff: G.107 (2015), eq. 7-29, with Ie = 0 and Bpl = 25.1: G.711 with concealment, random loss (G.113, appendix I).
 * The limits are G.109's and G.107's annex B: 80 and above users are satisfied, from 70 on some are not, below that many.
 * One way, G.114 finds up to 150 ms without effect; R says so by itself.
 */

const PERFECT = 93.2;
const ROBUSTNESS = 25.1;
const CODEC_MS = 25; // a packet of 20 ms and looking ahead

/** `loss`: 0 to 1, the worse of both ways; `rtt` and `jitter` in ms. */
export function rating({ loss, rtt, jitter }) {
  const oneWay = rtt / 2 + 2 * jitter + CODEC_MS;
  const late = oneWay > 177.3 ? 0.11 * (oneWay - 177.3) : 0;
  const delay = 0.024 * oneWay + late;
  const percent = 100 * loss;
  const lost = (95 * percent) / (percent + ROBUSTNESS);
  return Math.max(0, PERFECT - delay - lost);
}

/** "good", "fair" or "poor". */
export function verdict(measured) {
  const r = rating(measured);
  return r >= 80 ? "good" : r >= 70 ? "fair" : "poor";
}

/** What happened between two readings of `read`; null while there is nothing to compare. */
export function between(before, after) {
  if (before === null || after.expected <= before.expected) return null;
  const expected = after.expected - before.expected;
  const here = Math.max(0, after.lost - before.lost) / expected;
  return { loss: Math.min(1, Math.max(here, after.lostThere)), rtt: after.rtt, jitter: after.jitter };
}

/** The counters that matter, of `RTCPeerConnection.getStats()`. */
export function read(report) {
  const found = { expected: 0, lost: 0, lostThere: 0, rtt: 0, jitter: 0 };
  for (const one of report.values()) {
    if (one.type === "inbound-rtp" && one.kind === "audio") {
      found.lost = one.packetsLost ?? 0;
      found.expected = (one.packetsReceived ?? 0) + found.lost;
      found.jitter = 1000 * (one.jitter ?? 0);
    } else if (one.type === "remote-inbound-rtp" && one.kind === "audio") {
      found.lostThere = one.fractionLost ?? 0;
      found.rtt = Math.max(found.rtt, 1000 * (one.roundTripTime ?? 0));
    } else if (one.type === "candidate-pair" && one.nominated) {
      found.rtt = Math.max(found.rtt, 1000 * (one.currentRoundTripTime ?? 0));
    }
  }
  return found;
}
