"use strict";
(() => {
  const bar = document.querySelector(".filter");
  const cards = [...document.querySelectorAll(".card")];
  if (bar) {
    const kind = document.getElementById("by-kind"), word = document.getElementById("by-word");
    const shown = document.getElementById("shown");
    const choose = () => {
      const wanted = word.value.trim().toLowerCase();
      let n = 0;
      for (const card of cards) {
        const fits = (!kind.value || card.dataset.kind === kind.value) && card.textContent.toLowerCase().includes(wanted);
        card.hidden = !fits;
        n += fits;
      }
      for (const stage of document.querySelectorAll(".stage")) stage.hidden = !stage.querySelector(".card:not([hidden])");
      shown.textContent = kind.value || wanted ? shown.dataset.words.replace("{n}", n) : "";
    };
    kind.addEventListener("change", choose);
    word.addEventListener("input", choose);
    const set = (open) => cards.forEach((card) => card.querySelectorAll("details.proof").forEach((part) => { part.open = open; }));
    document.getElementById("open-all").addEventListener("click", () => set(true));
    document.getElementById("close-all").addEventListener("click", () => set(false));
    bar.hidden = false;
  }
  const reveal = () => {
    const card = cards.find((one) => "#" + one.id === location.hash);
    if (card) { card.hidden = false; card.closest(".stage").hidden = false; card.querySelectorAll("details.proof").forEach((part) => { part.open = true; }); card.scrollIntoView(); }
  };
  addEventListener("hashchange", reveal);
  reveal();
  addEventListener("beforeprint", () => document.querySelectorAll("details.proof").forEach((part) => { part.open = true; }));
})();
