/** The scheme that was chosen in the settings of the other pages; `os`, or nothing, leaves it to the system. */
export function followTheme(): void {
  try {
    document.documentElement.dataset["theme"] = localStorage.getItem("tsd-theme") ?? "os";
  } catch {
    // Storage that is switched off: the system decides.
  }
}
