// A classic script in the head, so that no page flashes in the wrong theme.
try {
  const name = localStorage.getItem("loadgate-theme");
  if (name === "light" || name === "dark") document.documentElement.dataset.theme = name;
} catch {
  // Without storage the system's theme stands.
}
