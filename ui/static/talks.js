/* The list of conversations: at the left, a drawer on narrow screens. Texts go in as text nodes. */
(() => {
  'use strict';
  const {words, make, both, say, store, fetchJson, send, verdicts, pageActions, close} = window.zhiyin;
  const wide = matchMedia('(min-width: 1100px)');
  let aside, list, note, talks = null, shownId = null, started = false, asked = '', ticket = 0;

  const named = (key, values = {}) => {
    const fill = (text) => Object.entries(values).reduce((out, [n, v]) => out.split('{' + n + '}').join(String(v)), text);
    return {'data-label-zh': fill(words[key][0]), 'data-label-en': fill(words[key][1]), 'aria-label': say(key, values)};
  };
  const press = (kind, action, id, key, ...inside) => make('button',
    {type: 'button', class: kind, 'data-talks': action, 'data-id': id, ...(key ? named(key) : {})}, ...inside);

  function build() {
    list = make('div', {class: 'talks-list', tabindex: '-1'});
    note = make('div', {class: 'talks-note', role: 'status'});
    aside = make('nav', {id: 'talks', ...named('talks')},
      make('div', {class: 'talks-head'}, make('h2', {}, both('talks')),
        press('tool square', 'close', null, 'close', make('span', {'aria-hidden': 'true', class: 'cross'}))),
      list, note);
    const veil = make('div', {id: 'talks-veil', 'data-talks': 'close'});
    document.body.append(veil, aside);
    show(wide.matches && store.get('talks') !== 'closed');
    wide.addEventListener('change', () => show(wide.matches && store.get('talks') !== 'closed'));
    aside.addEventListener('click', click);
    veil.addEventListener('click', () => show(false));
    aside.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.isComposing && !wide.matches) { event.stopPropagation(); toggle(); }
    });
    pageActions.talks = toggle;
    if (!wide.matches) return;
    refresh();
  }

  const isOpen = () => document.body.classList.contains('talks-open');
  function show(open) {
    document.body.classList.toggle('talks-open', open);
    const opener = document.querySelector('[data-action="talks"]');
    if (opener) opener.setAttribute('aria-expanded', String(open));
  }
  function toggle() {
    const open = !isOpen();
    show(open);
    if (wide.matches) store.set('talks', open ? 'open' : 'closed');
    if (!open) { const back = document.querySelector('[data-action="talks"]'); if (back) back.focus(); return; }
    if (!wide.matches) close();
    refresh().then(() => { const first = aside.querySelector('button'); if (first) first.focus(); });
  }

  async function refresh() {
    const mine = (ticket += 1);
    try {
      const found = await fetchJson('./api/conversations');
      if (mine !== ticket) return;
      talks = found.conversations;
      draw();
    } catch (error) {
      if (mine === ticket) list.replaceChildren(make('p', {class: 'note', role: 'alert'}, both('talks_failed', {reason: error.message})));
    }
  }

  function ageOf(changed) {
    const midnight = new Date().setHours(0, 0, 0, 0) / 1000;
    return changed >= midnight ? 'today' : changed >= midnight - 86400 ? 'yesterday' : 'earlier';
  }

  function draw() {
    if (list.querySelector('input')) return; // a title is being typed
    if (!talks.length) { list.replaceChildren(make('p', {class: 'note'}, both('no_talks'))); return; }
    const groups = ['today', 'yesterday', 'earlier'].map((age) => [age, talks.filter((t) => ageOf(t.changed) === age)]);
    list.replaceChildren(...groups.filter(([, of]) => of.length).map(([age, of]) =>
      make('section', {}, make('h3', {class: 'label'}, both(age)), make('ul', {}, ...of.map(row)))));
  }

  function row(talk) {
    const here = talk.id === shownId;
    return make('li', {class: here ? 'talk is-here' : 'talk', 'data-id': talk.id},
      make('button', {type: 'button', class: 'talk-title', 'data-talks': 'open', 'data-id': talk.id, title: talk.title, 'aria-current': here ? 'true' : null}, talk.title),
      make('button', {type: 'button', class: 'talk-more', 'data-talks': 'more', 'data-id': talk.id, 'aria-expanded': 'false', ...named('talk_more', {title: talk.title})}, '\u22ef'));
  }

  function more(item, talk, opener) {
    const old = item.querySelector('.talk-menu');
    for (const menu of list.querySelectorAll('.talk-menu')) menu.remove();
    for (const node of list.querySelectorAll('.talk-more')) node.setAttribute('aria-expanded', 'false');
    if (old) return;
    opener.setAttribute('aria-expanded', 'true');
    item.append(make('div', {class: 'talk-menu'},
      press('item', 'rename', talk.id, null, both('rename')), press('item', 'md', talk.id, null, both('as_markdown')),
      press('item', 'docx', talk.id, null, both('as_docx')), press('item danger', 'delete', talk.id, null, both('delete'))));
    item.querySelector('.item').focus();
  }

  function rename(item, talk) {
    const field = make('input', {type: 'text', class: 'talk-field', maxlength: '80', ...named('title')});
    field.value = talk.title;
    let over = false;
    const end = async (keep) => {
      if (over) return;
      over = true;
      field.remove();
      const title = field.value.trim();
      if (keep && title && title !== talk.title) {
        try {
          talk.title = (await fetchJson('./api/conversations/' + talk.id, {method: 'PATCH', body: JSON.stringify({title}), headers: {'content-type': 'application/json'}})).title;
        } catch (error) { tell(make('span', {}, error.message)); }
      }
      draw();
      const back = list.querySelector('[data-talks="open"][data-id="' + talk.id + '"]');
      if (back) back.focus();
    };
    field.addEventListener('keydown', (event) => {
      if (event.isComposing) return;
      if (event.key === 'Enter') end(true);
      if (event.key === 'Escape') { event.stopPropagation(); end(false); }
    });
    field.addEventListener('blur', () => end(true));
    item.replaceChildren(field);
    field.select();
  }

  async function remove(talk) {
    try {
      await fetchJson('./api/conversations/' + talk.id, {method: 'DELETE'});
      const undo = make('button', {type: 'button', class: 'quiet', 'data-talks': 'undo', 'data-id': talk.id}, both('undo'));
      tell(both('deleted', {title: talk.title.length > 16 ? talk.title.slice(0, 15) + '\u2026' : talk.title}), undo);
      undo.focus();
      if (talk.id === shownId) startOver();
    } catch (error) { tell(make('span', {}, error.message)); }
    refresh();
  }

  async function restore(id) {
    try { await fetchJson('./api/conversations/' + id + '/restore', {method: 'POST'}); tell(); }
    catch (error) { tell(make('span', {}, error.message)); }
    refresh();
  }

  let clearing = 0;
  function tell(...nodes) {
    clearTimeout(clearing);
    note.replaceChildren(...nodes);
    if (nodes.length) clearing = setTimeout(() => note.replaceChildren(), 60000);
  }

  function startOver() { verdicts.clear(); send('top', {do: 'new'}); }
  function open(id) {
    verdicts.clear();
    close();
    if (!wide.matches) show(false);
    asked = id;
    send('log', {do: 'open', id});
  }
  function save(id, kind) {
    const language = document.documentElement.dataset.language;
    const link = make('a', {href: './api/conversations/' + id + '/export?format=' + kind + '&language=' + language, download: '', hidden: ''});
    document.body.append(link);
    link.click();
    link.remove();
  }

  function click(event) {
    const node = event.target.closest('[data-talks]');
    if (!node) return;
    const {talks: action, id} = node.dataset;
    const talk = (talks || []).find((t) => t.id === id), item = node.closest('.talk');
    if (action === 'close') toggle();
    else if (action === 'open') open(id);
    else if (action === 'undo') restore(id);
    else if (!talk) refresh();
    else if (action === 'more') more(item, talk, node);
    else if (action === 'rename') rename(item, talk);
    else if (action === 'delete') remove(talk);
    else { save(id, action); more(item, talk, item.querySelector('.talk-more')); }
  }

  async function comeBack(id) {
    await refresh();
    if (talks && !talks.some((t) => t.id === id)) { asked = ''; follow(); } // deleted, or another person's
    else send('log', {do: 'open', id});
  }

  // The address names the open conversation, so that a reload comes back to it; the part after # is sent to nobody.
  function follow() {
    const bar = document.querySelector('#bar .bar');
    if (!bar || !document.querySelector('#log .welcome, #log .turn')) return;
    const id = bar.dataset.talk || null;
    if (!started) {
      started = true;
      const wanted = /^#c=([0-9a-f]{32})$/.exec(location.hash);
      if (wanted) { asked = wanted[1]; comeBack(wanted[1]); return; }
    }
    if (asked && id !== asked && !document.querySelector('#log .turn')) return; // it is on its way
    asked = '';
    const last = document.querySelector('#log .turn:last-of-type');
    const state = id + '/' + (last ? last.id : '');
    if (state === follow.state) return;
    follow.state = state;
    const address = location.pathname + location.search + (id ? '#c=' + id : '');
    if (address !== location.pathname + location.search + location.hash) history.replaceState(null, '', address);
    shownId = id;
    if (talks || isOpen()) refresh();
  }

  document.addEventListener('DOMContentLoaded', () => {
    build();
    let due = false;
    new MutationObserver(() => {
      if (due) return;
      due = true;
      requestAnimationFrame(() => {
        due = false;
        const opener = document.querySelector('[data-action="talks"]');
        if (opener && !opener.hasAttribute('aria-expanded')) opener.setAttribute('aria-expanded', String(isOpen()));
        follow();
      });
    }).observe(document.body, {childList: true, subtree: true});
    follow();
  });
})();
