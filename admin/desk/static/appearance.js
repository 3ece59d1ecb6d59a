/* Light or dark, changed without leaving the page.
 *
 * Owns: the button. Must not: remember it here: the web process does, in a cookie (admin/appearance.py).
 */

import { post } from "./web.js";

export function watchAppearance() {
  const button = document.getElementById("appearance");
  button.onclick = () => {
    const page = document.documentElement;
    const dark = page.dataset.theme ? page.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    page.dataset.theme = dark ? "light" : "dark";
    post(button.dataset.save, { appearance: page.dataset.theme });
  };
}
