import type { ComponentChild } from "preact";
import { render } from "preact";
import type { PageContext } from "./types";

/** What the server wrote into the page; absent on a page that only says something. */
export function context(): PageContext | null {
  const text = document.getElementById("context")?.textContent;
  return text ? (JSON.parse(text) as PageContext) : null;
}

/** Open one of the dialogs that stand in the page's own HTML, on top of whatever is open. */
export function openDialog(id: string): void {
  const dialog = document.getElementById(id);
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}

/** Draw the page, and let every element with data-opens open its dialog. */
export function mount(node: ComponentChild): void {
  const root = document.getElementById("app");
  if (root) {
    root.replaceChildren();
    render(node, root);
  }
}

export function listenForDialogs(): void {
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-opens]") : null;
    if (target?.dataset["opens"]) openDialog(target.dataset["opens"]);
  });
}
