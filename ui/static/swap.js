/* A year or a place that was understood, changed for another of which the documents speak. */
(() => {
  'use strict';
  const {make, both, say, words, fetchJson, pageActions, yearsOf, regionsOf} = window.zhiyin;
  const others = {years: (documents) => yearsOf(documents).map(String), regions: regionsOf};
  let asked = 0;

  function shut() {
    asked += 1;
    for (const node of document.querySelectorAll('#log .swap')) node.remove();
    for (const node of document.querySelectorAll('#log [data-action="swap"]')) node.setAttribute('aria-expanded', 'false');
  }

  async function open(node) {
    const again = node.getAttribute('aria-expanded') === 'true';
    shut();
    if (again) return;
    node.setAttribute('aria-expanded', 'true');
    const mine = asked, {turn, kind, value} = node.dataset;
    const box = make('div', {class: 'swap', role: 'group', 'data-label-zh': words.swap_to[0], 'data-label-en': words.swap_to[1], 'aria-label': say('swap_to')});
    node.closest('.sought').append(box);
    try {
      const {documents} = await fetchJson('./api/documents');
      if (mine !== asked) return;
      // a page of an answer draws these as buttons with data-do: the log's own listener sends them
      const choices = others[kind](documents).filter((one) => one !== value).slice(0, 60).map((one) => make('button', {
        type: 'button', class: 'choice', 'data-do': 'swap', 'data-turn': turn, 'data-kind': kind, 'data-value': value, 'data-wanted': one}, one.replace('/', ' ')));
      if (choices.length) box.append(make('span', {class: 'label'}, both('swap_to')), ...choices);
      else box.append(make('p', {class: 'note', role: 'status'}, both('nothing_else')));
      const first = box.querySelector('.choice');
      if (first && document.activeElement === node) first.focus({preventScroll: true});
    } catch (error) {
      if (mine === asked) box.append(make('p', {class: 'note', role: 'alert'}, error.message));
    }
  }

  pageActions.swap = open;
  document.addEventListener('keydown', (event) => {
    const box = event.key === 'Escape' && event.target.closest && event.target.closest('.swap');
    if (!box) return;
    const node = box.closest('.sought').querySelector('[aria-expanded="true"]');
    shut();
    if (node) node.focus();
  });
})();
