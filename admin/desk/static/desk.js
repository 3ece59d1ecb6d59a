/* The desk's page: the line's messages to the truth, the truth to the screen, the agent's wishes up the line.
 *
 * Owns: the wiring. Must not: hold what another module owns.
 */

import { Alerts } from "./alerts.js";
import { watchAppearance } from "./appearance.js";
import { Callbacks } from "./callbacks.js";
import { CallDrafts } from "./call-drafts.js";
import { ServerClock } from "./clock.js";
import { Connection } from "./connection.js";
import { DialForm } from "./dial-form.js";
import { sendDrafts } from "./draft-sync.js";
import { Drafts } from "./drafts.js";
import { MessagesRoom } from "./messages-room.js";
import { outcomeWords } from "./notes.js";
import { data, isWriting, part, say, toast } from "./page.js";
import { askWhereTo } from "./pass.js";
import { PopView } from "./pop-view.js";
import { Prints } from "./prints.js";
import { Recent } from "./recent.js";
import { Rooms } from "./rooms.js";
import { Shortcuts } from "./shortcuts.js";
import { Stage, announce } from "./stage.js";
import { StateBar } from "./state-bar.js";
import { Tickets } from "./tickets.js";
import { Truth, isAlerting } from "./truth.js";
import { callUrl, get } from "./web.js";

const PAINTED = "centralita.pop-painted";
const ENDED_MARK = "centralita.desk.ended-at";

const truth = new Truth();
const clock = new ServerClock();
const drafts = new Drafts(data.agent.id);
const callDrafts = new CallDrafts(data.agent.id);
drafts.tidy();
const line = new Connection(data.urls.worker, data.urls.token);
const done = new Set(); // saved calls whose pop the engine still has
const rooms = new Rooms();
const toCalls = () => rooms.go("calls");
const newTicket = (view) => tickets.newFor(view.pop);
const popActions = { answer, hangup, save, close: closePop, dial, talk, pass, newTicket, write, print: printCall, calls: toCalls, promisesChanged: () => callbacks.refresh() };
const stage = new Stage(popActions);
const alerts = new Alerts((view) => stage.open(view));
const recent = new Recent(callDrafts, openPast, dial);
const prints = new Prints();
const bar = new StateBar(clock, {
  available: () => wish("available", null),
  pause: (reason) => wish("paused", reason),
  moreTime: () => wish("wrap_up", null),
  restart: () => line.restart(),
});
const tickets = new Tickets(rooms, drafts, { dial, openCall: (callId) => openPast({ call_id: callId }) });
const callbacks = new Callbacks(rooms, clock, { dial, openCall: (callId) => openPast({ call_id: callId }) });
let phone = null; // where the agent's phone is in the browser
const messages = new MessagesRoom(rooms, data.mayDial ? dial : null);
let leaving = false;
watchAppearance();
rooms.register({ name: "calls", show: () => stage.setInSight(true), hide: () => stage.setInSight(false) });
rooms.register(callbacks);
rooms.register(tickets);
tickets.listeners.add(() => stage.views.forEach((view) => view.tickets.refresh()));
callbacks.listeners.add(() => stage.views.forEach((view) => view.promised.refresh()));
rooms.register(messages);

// ---------------------------------------------------------------- what the engine says
line.addEventListener("message", ({ detail }) => {
  for (const change of truth.apply(detail)) react(change);
  phone?.follow(truth.pops);
  stage.draw();
  drawCallsBadge();
  alerts.draw([...stage.views.values()]);
});

function react(change) {
  switch (change.what) {
    case "welcome":
      clock.set(change.now);
      bar.setAgent(truth.agent);
      recent.refresh();
      tickets.refresh(); // news are kept for nobody
      messages.refresh();
      callbacks.refresh();
      prints.refresh();
      break;
    case "news":
      if (change.topic === "tickets") tickets.hear(change.about);
      if (change.topic === "callbacks") callbacks.hear(change.about);
      if (change.topic === "messages") messages.hear(change.about);
      if (change.topic === "calls") stage.views.get(change.about.call)?.work.again();
      if (change.topic === "printing") prints.refresh();
      break;
    case "state":
      bar.setState(truth.state);
      document.getElementById("idle").dataset.state = truth.state.state;
      drawIdle();
      break;
    case "pop":
      showPop(change);
      break;
    case "update":
      updatePop(change);
      break;
    case "phone":
      phone?.hear(truth.phone);
      break;
    case "close":
      forgetPop(change);
      break;
    case "problem":
      stage.views.get(change.callId)?.settle();
      if (change.callId === null) dialForm.refused();
      toast(say(`problem.${change.code}` in data.texts ? `problem.${change.code}` : "problem.other"), "bad");
      break;
  }
}

function showPop({ pop, ack, resumed }) {
  if (done.has(pop.call_id) && pop.phase === "ended") {
    line.send({ type: "done", call_id: pop.call_id });
    return;
  }
  const past = stage.views.get(pop.call_id);
  if (past !== undefined) stage.remove(pop.call_id);
  const view = new PopView(pop, { drafts: callDrafts, clock, actions: popActions });
  view.setLine(line.line === "open");
  stage.add(view);
  // A call that the agent makes is where its buttons are; who writes in another room goes on writing.
  if (pop.made && !resumed && !isWriting()) stage.open(view);
  // Nothing may stand in front of a call that rings, or that a page comes back into.
  if (isAlerting(pop) || (resumed && pop.phase === "talking")) {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  }
  if (isAlerting(pop)) announce(view);
  if (ack !== undefined) acknowledge(pop.call_id, ack);
}

function updatePop({ pop, changes, ack }) {
  const view = stage.views.get(pop.call_id);
  if (view === undefined) return;
  const was = view.root.dataset.phase; // as drawn: `pop` is the truth's own, changed already
  view.update(pop, changes);
  if (ack !== undefined) acknowledge(pop.call_id, ack);
  if ("phase" in changes && pop.phase === "talking" && was !== "talking") stage.open(view);
  if (changes.phase === "ended" && was !== "ended") {
    recent.refreshSoon();
    if (view.notes.wasSaved) prints.refreshSoon();
  }
}

/** Painted means painted: after the frame that shows it. A hidden tab paints nothing, so it says so at once. */
function acknowledge(callId, seq) {
  const send = () => line.send({ type: "ack", call_id: callId, seq });
  if (document.hidden) return send();
  requestAnimationFrame(() =>
    setTimeout(() => {
      send();
      // For whoever measures (`python -m bench --parts painted`); the last one is kept.
      performance.clearMarks(PAINTED);
      performance.mark(PAINTED, { detail: callId });
    }, 0),
  );
}

function forgetPop({ callId, reason }) {
  const view = stage.views.get(callId);
  // Gone from a welcome says nothing: an engine that has just started may not know its calls yet.
  if (reason !== "gone") phone?.forget(callId);
  stage.remove(callId);
  done.delete(callId);
  if (view === undefined) return;
  recent.refreshSoon();
  if (reason === "done" || reason === "gone") return;
  toast(say(`close.${reason}`, { caller: view.title }));
  if (view.notes.isChanged) toast(say("close.draft_kept"));
}

// ---------------------------------------------------------------- the line
line.addEventListener("line", ({ detail }) => {
  bar.setLine(detail.line, detail.why);
  if (detail.line === "open") sendDrafts();
  for (const view of stage.views.values()) view.setLine(detail.line === "open");
  drawIdle();
  if (detail.line !== "stopped" || leaving) return;
  // With a call on the screen the agent decides when to leave it: the banner has the way.
  if (detail.why === "ended" || (detail.why === "login" && stage.views.size === 0)) goToLogin();
});

line.addEventListener("unsent", ({ detail }) => {
  if (detail.type === "ack" || detail.type === "done" || detail.type === "bye") return; // the next welcome settles it
  if (detail.type === "state") bar.wish(null);
  if (detail.type === "dial") dialForm.refused();
  for (const view of stage.views.values()) view.settle();
  toast(say("unsent"), "bad");
});

/** Once. If the log-in page sends us straight back, the session's end is told here instead. */
function goToLogin() {
  const last = Number(sessionStorage.getItem(ENDED_MARK) ?? 0);
  sessionStorage.setItem(ENDED_MARK, String(Date.now()));
  if (Date.now() - last > 20000) location.assign(data.urls.login);
}

// ---------------------------------------------------------------- what the agent wants
function wish(state, reason) {
  line.send(reason === null ? { type: "state", state } : { type: "state", state, reason });
  bar.wish(state === "paused" ? reason : null);
}

function answer(view) {
  if (!view || !isAlerting(view.pop) || !view.pop.can_answer || view.waiting !== null) return;
  stage.open(view);
  view.waiting = "answer";
  view.refreshActions();
  line.send({ type: "answer", call_id: view.callId });
}

function hangup(view) {
  if (!view || view.pop.phase === "ended" || view.waiting !== null) return;
  view.waiting = "hangup";
  view.refreshActions();
  line.send({ type: "hangup", call_id: view.callId });
}

/** Click2Dial: the agent's own phone rings first. A no comes back as a problem, in words. */
function dial(number, center = null) {
  line.send(center === null ? { type: "dial", number } : { type: "dial", number, call_center: center });
}

const dialForm = new DialForm(dial);

/** A wish about the conversation; what comes of it the engine tells. */
function talk(view, wish) {
  line.send({ ...wish, call_id: view.callId });
}

/** SMS to whom the call is with, in the name of its call center. */
function write(view) {
  rooms.go("messages", ["with", view.dialled, view.pop.call_center?.id ?? ""].join("/"));
}

async function pass(view) {
  if (!view?.talkBar.canPass) return;
  const wish = await askWhereTo();
  if (wish !== null) talk(view, wish);
}

async function save(view) {
  const outcome = await view.notes.save();
  if (outcome === "busy") return;
  if (outcome !== "saved") {
    toast(outcomeWords(outcome), "bad");
    return;
  }
  toast(say("save.saved"), "good");
  recent.refresh();
  prints.refresh();
  if (view.notes.isChanged) return; // the agent went on writing meanwhile
  if (view.isPast) leave(view);
  else if (view.pop.phase === "ended") finish(view);
}

async function printCall(view) {
  const button = part(view.root, "print");
  button.disabled = true;
  await prints.printCall(view.callId);
  button.disabled = false;
}

/** Off the screen: the engine takes the pop from all of the agent's tabs. */
function finish(view) {
  done.add(view.callId);
  line.send({ type: "done", call_id: view.callId });
  leave(view);
}

function leave(view) {
  stage.remove(view.callId);
  truth.pops.delete(view.callId);
  drawCallsBadge();
  alerts.draw([...stage.views.values()]);
  drawIdle();
}

async function closePop(view) {
  const isChanged = view.notes.isChanged;
  if (isChanged && !(await askToDiscard())) return;
  // What was typed elsewhere and is not on this screen is not discarded here.
  const discarded = isChanged ? view.notes.discard() : null;
  if (view.isPast) leave(view);
  else finish(view);
  await discarded;
  recent.refresh();
}

function askToDiscard() {
  const dialog = document.getElementById("discard");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "discard"), { once: true }),
  );
}

// ---------------------------------------------------------------- calls of before
async function openPast(call) {
  const here = stage.views.get(call.call_id);
  if (here !== undefined) return stage.open(here);
  const { status, body } = await get(callUrl(call.call_id));
  if (status !== 200) return toast(say("recent.not_opened"), "bad");
  if (stage.views.has(call.call_id)) return;
  const view = new PopView(body.pop, { drafts: callDrafts, clock, actions: popActions, isPast: true });
  remember(view, body);
  stage.add(view);
  stage.open(view);
}

function remember(view, { notes, disposition_name: name, saved_at: savedAt }) {
  view.notes.addDisposition(notes.disposition, name);
  view.notes.know({ disposition: notes.disposition, comment: notes.comment });
  view.notes.wasSaved = savedAt !== null;
  view.refreshActions();
}

// ---------------------------------------------------------------- the phone in this tab
/** Only a page that has a phone loads what it needs. */
async function furnishPhone() {
  const { furnish } = await import("./phone-view.js");
  phone = furnish({ mayInterrupt: () => stage.front === null && !isWriting() });
  phone.follow(truth.pops);
  phone.addEventListener("change", drawIdle);
  addEventListener("beforeunload", (event) => {
    if (phone.inCall && !leaving) event.preventDefault(); // the browser asks
  });
}
if (document.getElementById("phone") !== null) furnishPhone();

// ---------------------------------------------------------------- the rest of the page
/** Calls on the stage, told at the room's name: from another room they are not seen. */
function drawCallsBadge() {
  const { size } = stage.views;
  rooms.badge("calls", size, say("rooms.calls", { count: size }));
}

/** Another language, the same room. */
document.querySelector(".languages").addEventListener("submit", (event) => {
  event.currentTarget.action = event.currentTarget.action.split("#")[0] + location.hash;
});

function drawIdle() {
  const idle = document.getElementById("idle");
  const state = line.line === "open" ? truth.state.state : "offline";
  idle.dataset.state = state;
  // Who could take a call, were it not for the phone.
  const key = state === "available" && phone?.state === "blocked" && phone.why !== "elsewhere" ? "no_phone" : state;
  part(idle, "headline").textContent = say(`idle.${key}`);
  part(idle, "hint").textContent = say(`idle.${key}.hint`);
}

addEventListener("storage", ({ key }) => {
  const callId = callDrafts.callOf(key);
  const ticket = drafts.callOf(key);
  if (callId !== null) stage.views.get(callId)?.notes.follow();
  if (ticket !== null) tickets.follow(ticket);
});
document.addEventListener("visibilitychange", () => alerts.draw([...stage.views.values()]));

setInterval(() => {
  bar.tick();
  stage.tick();
}, 500);

const help = document.getElementById("help");
document.getElementById("help-button").onclick = () => help.showModal();
for (const button of document.querySelectorAll("[data-closes]")) {
  button.onclick = () => document.getElementById(button.dataset.closes).close(button.value);
}

document.getElementById("log-out").onsubmit = (event) => {
  event.preventDefault();
  if (leaving) return;
  leaving = true;
  line.send({ type: "bye" });
  const go = () => {
    line.removeEventListener("line", go);
    clearTimeout(patience);
    event.target.submit();
  };
  // The engine closes the socket when it has heard; without a line there is nobody to wait for.
  const patience = setTimeout(go, line.line === "open" ? 1000 : 0);
  line.addEventListener("line", go);
};

new Shortcuts({
  answer: () => answer(ringing()),
  hangup: () => hangup(stage.front),
  available: () => part(bar.element, "available").hidden || wish("available", null),
  pause: () => part(bar.element, "pause").disabled || bar.togglePauseMenu(),
  hold: () => stage.front?.talkBar.hold(),
  mute: () => stage.front?.talkBar.mute(),
  record: () => stage.front?.talkBar.record(),
  pass: () => pass(stage.front),
  comment: () => {
    stage.open(stage.front);
    stage.front?.form.elements.comment.focus();
  },
  dial: () => dialForm.focus(),
  help: () => help.showModal(),
  pop: (number) => stage.open([...stage.views.values()][number - 1]),
  room: (key) => {
    const name = rooms.ofKey(key);
    return name && (() => rooms.go(name));
  },
  save: () => {
    if (tickets.submit()) return true;
    if (stage.front === null || !stage.front.root.contains(document.activeElement)) return false;
    stage.front.form.requestSubmit();
    return true;
  },
});

function ringing() {
  const { front } = stage;
  return front !== null && isAlerting(front.pop) ? front : stage.waitingView();
}

recent.refresh();
tickets.refresh();
messages.refresh();
prints.refresh();
drawIdle();
rooms.start();
if (!isWriting()) document.getElementById("idle").focus({ preventScroll: true });
