/* The desk's room of messages.
 *
 * Owns: how the chat stands among the rooms. Must not: know what is in it.
 */

import { Chat } from "./chat.js";
import { part, say } from "./page.js";

export class MessagesRoom {
  name = "messages";

  constructor(rooms, dial) {
    const section = document.querySelector('[data-room="messages"]');
    this.chat = new Chat(part(section, "chat"), {
      opened: (rest) => rooms.go(this.name, rest),
      moved: (rest) => rooms.settle(rest),
      dial,
      counted: (count) => rooms.badge(this.name, count, say("chat.rooms", { count })),
    });
  }

  show(rest) {
    this.chat.show(rest);
  }

  hide() {
    this.chat.hide();
  }

  /** News: a thread changed. */
  hear(about) {
    this.chat.hear(about);
  }

  /** The line is there again: news of meanwhile are kept for nobody. */
  refresh() {
    this.chat.hear();
  }
}
