// Runs before the page is drawn: shows it dark where the device is, unless the visitor chose.
"use strict";
(() => {
  const page = document.documentElement;
  page.classList.add("js");
  if (page.dataset.bsTheme) {
    page.dataset.themeChosen = "";
    return;
  }
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    page.dataset.bsTheme = dark.matches ? "dark" : "light";
  };
  dark.addEventListener("change", follow);
  follow();
})();
