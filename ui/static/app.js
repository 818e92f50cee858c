/* The page's own script: the source panel, the document list, language, theme, copying.
   Every text goes in as a text node; nothing here builds HTML from a string. */
(() => {
  'use strict';
  const words = window.zhiyinTexts;
  const root = document.documentElement;
  const store = window.zhiyinStore || {  // in another site's page the frame's script keeps these
    get(key) { try { return localStorage.getItem('zhiyin-' + key); } catch { return null; } },
    set(key, value) { try { localStorage.setItem('zhiyin-' + key, value); } catch { /* private window */ } },
  };
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const narrow = matchMedia('(max-width: 899px)');

  // ---- language and theme -------------------------------------------------
  let language = store.get('language') === 'en' ? 'en' : 'zh';
  const say = (key, values = {}) => Object.entries(values).reduce(
    (out, [name, value]) => out.split('{' + name + '}').join(String(value)), words[key][language === 'zh' ? 0 : 1]);

  function applyTheme() {
    const chosen = store.get('theme');
    const theme = chosen === 'dark' || chosen === 'light' ? chosen : (dark.matches ? 'dark' : 'light');
    root.dataset.theme = theme;
    if (document.body) document.body.classList.toggle('dark', theme === 'dark');
  }

  function applyLanguage() {
    root.dataset.language = language;
    root.lang = language === 'zh' ? 'zh-CN' : 'en';
    for (const node of document.querySelectorAll('[data-label-zh]')) {
      const wanted = language === 'zh' ? node.dataset.labelZh : node.dataset.labelEn;
      if (node.getAttribute('aria-label') !== wanted) node.setAttribute('aria-label', wanted);
      if (node.tagName === 'TEXTAREA' && node.placeholder !== wanted) node.placeholder = wanted;
    }
    const box = document.querySelector('#box textarea');
    if (box && box.getAttribute('aria-label') !== say('ask')) {
      box.placeholder = say('ask');
      box.setAttribute('aria-label', say('ask'));
    }
    for (const [kind, key] of [['submit', 'send'], ['stop', 'stop']]) {
      const node = document.querySelector('#box .' + kind + '-button');
      if (node && node.getAttribute('aria-label') !== say(key)) node.setAttribute('aria-label', say(key));
    }
  }

  root.dataset.language = language;
  applyTheme();
  dark.addEventListener('change', applyTheme);

  // ---- small helpers ------------------------------------------------------
  function make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined) continue;
      if (name === 'class') node.className = value; else node.setAttribute(name, value);
    }
    for (const child of children) if (child !== null) node.append(child);
    return node;
  }
  function both(key, values = {}) {
    const fill = (text) => Object.entries(values).reduce((out, [n, v]) => out.split('{' + n + '}').join(String(v)), text);
    const span = document.createDocumentFragment();
    span.append(make('span', {class: 'zh', lang: 'zh'}, fill(words[key][0])), make('span', {class: 'en', lang: 'en'}, fill(words[key][1])));
    return span;
  }
  const button = (kind, key, action, ...content) => make('button', {
    type: 'button', class: kind, 'data-panel': action, 'data-label-zh': words[key][0], 'data-label-en': words[key][1],
    'aria-label': say(key)}, ...content);
  async function fetchJson(url, options = {}) {
    const response = await fetch(url, {headers: {accept: 'application/json'}, ...options});
    let body = {};
    try { body = await response.json(); } catch { /* not JSON: the status says enough */ }
    if (!response.ok) throw new Error(body.error || String(response.status));
    return body;
  }

  // ---- the panel ----------------------------------------------------------
  let panel, title, meta, tools, body, opener = null, current = null, ticket = 0;
  let view = store.get('view') === 'raw' ? 'raw' : 'clean';

  function buildPanel() {
    title = make('h2', {id: 'panel-title', tabindex: '-1'});
    meta = make('p', {class: 'meta'});
    tools = make('div', {class: 'panel-tools'});
    body = make('div', {class: 'panel-body', tabindex: '0', role: 'region', 'aria-labelledby': 'panel-title'});
    panel = make('aside', {id: 'panel', role: 'dialog', 'aria-labelledby': 'panel-title', hidden: ''},
      make('div', {class: 'panel-head'}, make('div', {class: 'panel-name'}, title, meta),
        button('tool square', 'close', 'close', make('span', {'aria-hidden': 'true', class: 'cross'}))),
      tools, body);
    document.body.append(make('div', {id: 'veil', 'data-panel': 'close', hidden: ''}), panel);
  }

  function show() {
    panel.hidden = false;
    document.getElementById('veil').hidden = false;
    document.body.classList.add('panel-open');
  }

  function close() {
    if (panel.hidden) return;
    ticket += 1;
    panel.hidden = true;
    document.getElementById('veil').hidden = true;
    document.body.classList.remove('panel-open');
    mark(null);
    current = null;
    const back = opener && document.contains(opener) ? opener : document.querySelector('#box textarea');
    if (back) back.focus({preventScroll: true});
  }

  function mark(id) {
    for (const node of document.querySelectorAll('.is-open')) node.classList.remove('is-open');
    if (!id) return;
    const card = document.getElementById(id);
    if (card) card.classList.add('is-open');
    for (const node of document.querySelectorAll('[data-open="' + CSS.escape(id) + '"]')) node.classList.add('is-open');
  }

  const siblings = (card) => card.parentElement
    ? [...card.parentElement.children].filter((node) => node.dataset && node.dataset.source !== undefined) : [];

  function openCard(card) {
    const d = card.dataset;
    current = {id: card.id, source: d.source, part: d.part, version: d.version, start: Number(d.start), end: Number(d.end),
      marks: JSON.parse(d.marks || '[]'), related: d.related === '1', name: d.title, n: d.n};
    mark(card.id);
    openSource(siblings(card), card);
  }

  async function openSource(cards, card) {
    const mine = (ticket += 1);
    const wanted = current;
    show();
    title.textContent = wanted.name;
    meta.replaceChildren();
    tools.replaceChildren();
    body.replaceChildren(make('p', {class: 'note', role: 'status'}, both('loading'), make('i', {class: 'dots'})));
    const query = new URLSearchParams({source: wanted.source});
    if (wanted.start !== undefined) { query.set('start', wanted.start); query.set('end', wanted.end); }
    if (wanted.part) query.set('part', wanted.part);
    if (wanted.version) query.set('version', wanted.version);
    if (wanted.marks && wanted.marks.length) query.set('marks', wanted.marks.map((m) => m.join('-')).join(','));
    try {
      const found = await fetchJson('./api/excerpt?' + query);
      if (mine !== ticket) return;
      wanted.found = found;
      title.textContent = found.title;
      const facts = [found.publisher, found.author, found.published, (found.region || '').replace('/', ' '), found.period, wanted.source];
      meta.replaceChildren(...facts.filter(Boolean).map((fact) => make('span', {}, fact)));
      if (found.page) meta.prepend(make('span', {class: 'page'}, both('page', {n: found.page})));
      drawTools(cards, card);
      draw();
      title.focus({preventScroll: true});
    } catch (error) {
      if (mine !== ticket) return;
      body.replaceChildren(make('p', {class: 'note', role: 'alert'}, both('not_opened')), make('p', {class: 'note'}, error.message));
    }
  }

  function drawTools(cards, card) {
    const switcher = make('div', {class: 'switch', role: 'group'},
      make('button', {type: 'button', 'data-panel': 'clean', 'aria-pressed': String(view === 'clean')}, both('clean')),
      make('button', {type: 'button', 'data-panel': 'raw', 'aria-pressed': String(view === 'raw')}, both('raw')));
    tools.replaceChildren(switcher);
    if (!card || cards.length < 2) return;
    const at = cards.indexOf(card);
    const back = button('tool square', 'previous', 'previous', '‹'), on = button('tool square', 'next', 'next', '›');
    back.disabled = at <= 0;
    on.disabled = at >= cards.length - 1;
    tools.append(make('div', {class: 'steps'}, back, make('span', {}, (at + 1) + ' / ' + cards.length), on));
  }

  function draw() {
    const shown = current.found[view];
    const text = make('div', {class: 'text ' + view + (current.related ? ' related' : '')});
    if (shown.before) text.append(make('p', {class: 'note'}, both('more_before')));
    const flow = make('div', {class: 'flow'});
    for (const piece of shown.pieces) {
      const kinds = [piece.quote ? 'q' : '', piece.mark ? 'm' : '', piece.rule ? 'cutaway' : ''].filter(Boolean).join(' ');
      const parts = view === 'clean' ? paragraphs(piece.text) : [piece.text];
      if (!kinds) flow.append(...parts);
      else flow.append(make(piece.quote && !current.related ? 'mark' : 'span', {class: kinds, title: piece.rule}, ...parts));
    }
    text.append(flow);
    if (shown.after) text.append(make('p', {class: 'note'}, both('more_after')));
    body.replaceChildren(make('p', {class: 'note'}, both(view + '_note')), text);
    if (current.related) body.prepend(make('p', {class: 'note warn'}, both('related')));
    const target = flow.querySelector('.m') || flow.querySelector('.q');
    if (target) body.scrollTop += target.getBoundingClientRect().top - body.getBoundingClientRect().top - body.clientHeight / 3;
    else body.scrollTop = 0;
  }

  const paragraphs = (text) => text.split('\n').flatMap((line, n) => n ? [make('span', {class: 'nl'}, '\n'), line] : [line]);

  function step(by) {
    const card = current && document.getElementById(current.id);
    if (!card) return;
    const all = siblings(card), next = all[all.indexOf(card) + by];
    if (next) openCard(next);
  }

  function setView(name) {
    view = name;
    store.set('view', name);
    for (const node of tools.querySelectorAll('[aria-pressed]')) node.setAttribute('aria-pressed', String(node.dataset.panel === name));
    if (current && current.found) draw();
  }

  // ---- the document list --------------------------------------------------
  // A panel drawn from the list of the documents.
  async function openList(name, draw) {
    const mine = (ticket += 1);
    current = null;
    mark(null);
    show();
    title.textContent = say(name);
    meta.replaceChildren();
    tools.replaceChildren();
    body.replaceChildren(make('p', {class: 'note', role: 'status'}, both('loading'), make('i', {class: 'dots'})));
    try {
      const found = await fetchJson('./api/documents');
      if (mine !== ticket) return;
      draw(found.documents);
      title.focus({preventScroll: true});
    } catch (error) {
      if (mine === ticket) body.replaceChildren(make('p', {class: 'note', role: 'alert'}, error.message));
    }
  }

  const openDocuments = () => openList('documents', (documents) => { count(documents); listDocuments(documents); });
  const openFilters = () => openList('narrow', drawFilters);

  // The header as frame.py draws it, after documents came or went.
  function count(documents) {
    const loaded = document.querySelector('#top .loaded');
    if (!loaded) return;
    if (!documents.length) { loaded.replaceChildren(both('no_index')); return; }
    const names = [...new Set(documents.flatMap((d) => d.regions).map((r) => r.split('/')[0]))];
    loaded.replaceChildren(both('loaded', {count: documents.length}));
    if (names.length) loaded.append(' ', make('span', {class: 'on'}, both('regions', {names: names.slice(0, 5).join('、') + (names.length > 5 ? '…' : '')})));
  }

  function listDocuments(documents) {
    const list = make('ul', {class: 'documents'});
    const fill = (sought) => list.replaceChildren(...documents
      .filter((d) => [d.title, d.source, d.published, ...d.regions, ...d.periods].join(' ').toLowerCase().includes(sought.toLowerCase()))
      .slice(0, 300).map(documentRow));
    if (documents.length > 8) {
      const field = make('input', {type: 'search', class: 'filter', placeholder: say('filter'), 'aria-label': say('filter')});
      field.addEventListener('input', () => fill(field.value.trim()));
      tools.replaceChildren(field);
    }
    fill('');
    body.replaceChildren(documents.length ? list : make('p', {class: 'note'}, both('no_documents')));
    body.scrollTop = 0;
    window.zhiyin.documentsShown(body);
  }

  function documentRow(d) {
    const facts = make('span', {class: 'meta'});
    for (const fact of [d.regions.map((r) => r.replace('/', ' ')).join('、'), d.periods.join('、'), d.published]) if (fact) facts.append(make('span', {}, fact));
    facts.append(make('span', {}, both('characters', {n: d.characters.toLocaleString('en-US')})));
    if (d.parts > 1) facts.append(make('span', {}, both('articles', {n: d.parts})));
    return make('li', {}, make('button', {type: 'button', class: 'document', 'data-document': d.source, 'data-name': d.title},
      make('span', {class: 'title'}, d.title), facts, make('span', {class: 'file'}, d.source)));
  }

  // ---- narrowing the search ------------------------------------------------
  const filtersNow = () => {
    const bar = document.querySelector('#bar .bar');
    return bar ? JSON.parse(bar.dataset.filters) : {sources: [], regions: [], years: []};
  };
  const send = (to, detail) => document.dispatchEvent(new CustomEvent('zhiyin', {detail: {to, ...detail}}));

  function yearsOf(documents) {
    const years = new Set();
    for (const period of documents.flatMap((d) => d.periods)) {
      const [first, last] = period.split('-').map(Number);
      for (let y = first; y <= (last || first) && y - first < 30; y += 1) years.add(y);
    }
    return [...years].sort((a, b) => b - a);
  }

  const regionsOf = (documents) => [...new Set(documents.flatMap((d) => d.regions).flatMap((r) => [r.split('/')[0], r]))]
    .sort((a, b) => a.localeCompare(b, 'zh-CN'));

  function drawFilters(documents) {
    const chosen = Object.fromEntries(Object.entries(filtersNow()).map(([kind, values]) => [kind, new Set(values)]));
    const group = (kind, key, values, name) => {
      if (!values.length) return null;
      const box = make('div', {class: 'choices', role: 'group', 'data-label-zh': words[key][0], 'data-label-en': words[key][1], 'aria-label': say(key)},
        ...values.map((value) => {
          const node = make('button', {type: 'button', class: 'choice', 'aria-pressed': String(chosen[kind].has(value))}, name(value));
          node.addEventListener('click', () => {
            if (!chosen[kind].delete(value)) chosen[kind].add(value);
            node.setAttribute('aria-pressed', String(chosen[kind].has(value)));
          });
          return node;
        }));
      return make('section', {class: 'group ' + kind}, make('h3', {class: 'label'}, both(key)), box);
    };
    const apply = make('button', {type: 'button', class: 'solid'}, both('apply'));
    const clear = make('button', {type: 'button', class: 'tool'}, both('clear_all'));
    const done = () => {
      send('bar', {do: 'filters', filters: Object.fromEntries(Object.entries(chosen).map(([kind, values]) => [kind, [...values]]))});
      close();
    };
    apply.addEventListener('click', done);
    clear.addEventListener('click', () => { for (const values of Object.values(chosen)) values.clear(); done(); });
    tools.replaceChildren(clear, apply);
    const titles = new Map(documents.map((d) => [d.source, d.title]));
    body.replaceChildren(...[
      group('years', 'year', yearsOf(documents), (y) => String(y)),
      group('regions', 'places', regionsOf(documents), (r) => r.replace('/', ' ')),
      group('sources', 'documents', documents.slice(0, 300).map((d) => d.source), (s) => titles.get(s)),
    ].filter(Boolean));
    body.scrollTop = 0;
  }

  function unfilter(node) {
    const filters = filtersNow();
    const {unfilter: kind, value} = node.dataset;
    filters[kind] = filters[kind].filter((one) => String(one) !== value);
    send('bar', {do: 'filters', filters});
  }

  // ---- a question changed in its place --------------------------------------
  function editQuestion(node) {
    const turn = node.closest('.turn'), bubble = turn.querySelector('.question');
    const number = node.dataset.edit, old = bubble.querySelector('p').textContent;
    const field = make('textarea', {class: 'rewrite', rows: '2', maxlength: '2000', 'data-label-zh': words.edit[0], 'data-label-en': words.edit[1], 'aria-label': say('edit')});
    field.value = old;
    const stop = () => { form.remove(); bubble.classList.remove('editing'); turn.querySelector('[data-edit]').focus(); };
    const done = () => { if (field.value.trim()) { const question = field.value.trim(); stop(); send('log', {do: 'edit', turn: number, question}); } };
    const form = make('div', {class: 'rewriting'}, field, make('div', {class: 'why-foot'},
      make('button', {type: 'button', class: 'quiet', 'data-rewrite': 'cancel'}, both('cancel')),
      make('button', {type: 'button', class: 'solid', 'data-rewrite': 'send'}, both('ask_again'))));
    form.addEventListener('click', (event) => {
      const pressed = event.target.closest('[data-rewrite]');
      if (pressed) { if (pressed.dataset.rewrite === 'send') done(); else stop(); }
    });
    form.addEventListener('keydown', (event) => {
      if (event.isComposing) return;
      if (event.key === 'Escape') { event.stopPropagation(); stop(); }
      if (event.key === 'Enter' && !event.shiftKey) { event.preventDefault(); done(); }
    });
    bubble.classList.add('editing');
    bubble.append(form);
    field.focus();
  }

  // ---- questions to go on with ---------------------------------------------
  // Asked for when the answer stands, so that they never hold it up; drawn again whenever the turns are.
  const next = {key: '', questions: []};
  function goOn() {
    const turns = document.querySelectorAll('#log .turn'), turn = turns[turns.length - 1];
    const card = turn && turn.querySelector('.answered .foot .verbs') ? turn.querySelector('.card') : null;
    const key = card ? turn.id + ' ' + turn.querySelector('.question p').textContent : '';
    if (key !== next.key) {
      Object.assign(next, {key, questions: []});
      for (const old of document.querySelectorAll('#log .next')) old.remove();
      if (key) askNext(key, turn);
    }
    if (key && next.questions.length && !turn.querySelector('.next')) {
      turn.querySelector('.answer').append(make('div', {class: 'next'}, make('h3', {class: 'label'}, both('next_questions')),
        make('ul', {class: 'chips'}, ...next.questions.map((q) => make('li', {}, make('button', {type: 'button', class: 'chip', 'data-question': q}, q))))));
    }
  }
  // The first page comes without examples: they take a moment to be tried, and are drawn when they are there.
  let examples = null;
  function begin() {
    const page = document.querySelector('#log .welcome');
    if (!page || page.querySelector('.chips')) return;
    if (examples === null) {
      examples = [];
      fetchJson('./api/examples').then((found) => { examples = found.questions; begin(); }, () => { examples = null; });
    }
    if (examples && examples.length) {
      page.append(make('h3', {class: 'label'}, both('examples')), make('ul', {class: 'chips'},
        ...examples.map((q) => make('li', {}, make('button', {type: 'button', class: 'chip', 'data-question': q}, q)))));
    }
  }
  async function askNext(key, turn) {
    const cited = [...turn.querySelectorAll('.card')].slice(0, 4).map((c) => ({source: c.dataset.source, part: Number(c.dataset.part || 0)}));
    const asked = [...document.querySelectorAll('#log .question p')].map((p) => p.textContent).slice(-20);
    try {
      const body = JSON.stringify({question: turn.querySelector('.question p').textContent, asked, cited, filters: filtersNow()});
      const found = await fetchJson('./api/suggestions', {method: 'POST', body, headers: {'content-type': 'application/json'}});
      if (next.key === key) { next.questions = found.questions; goOn(); }
    } catch { /* nothing to go on with */ }
  }

  // ---- copying ------------------------------------------------------------
  async function copy(node) {
    const text = language === 'zh' ? node.dataset.copyZh : node.dataset.copyEn;
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = make('textarea', {class: 'sr', readonly: ''});
      area.value = text;
      document.body.append(area);
      area.select();
      done = document.execCommand('copy');
      area.remove();
      node.focus();
    }
    const before = [...node.childNodes];
    node.replaceChildren(both(done ? 'copied' : 'copy_failed'));
    setTimeout(() => node.replaceChildren(...before), 1600);
  }

  // ---- thumbs -------------------------------------------------------------
  // Every new answer draws all turns again, so a verdict and what it shows are kept here, by turn.
  const verdicts = new Map();
  let focused = null;

  function judge(node) {
    const turn = node.closest('.turn').id;
    const entry = verdicts.get(turn) || {turn,
      judged: JSON.parse(node.closest('.thumbs').dataset.judged), verdict: null, stored: null, id: null,
      reason: null, comment: '', shown: null, sent: 0, line: Promise.resolve()};
    verdicts.set(turn, entry);
    entry.verdict = entry.verdict === node.dataset.verdict ? null : node.dataset.verdict;
    Object.assign(entry, {reason: null, comment: ''});
    place(entry, entry.verdict === 'down' ? askWhy(entry) : null);
    if (entry.shown) entry.shown.scrollIntoView({block: 'nearest'});
    keep(entry, entry.verdict === 'up' ? 'judged' : null);
  }

  // One request after the other, so that the last click is what is stored.
  function keep(entry, thanks) {
    const {verdict, reason, comment} = entry;
    const mine = (entry.sent += 1);
    entry.line = entry.line.then(async () => {
      try {
        if (verdict) {
          const body = JSON.stringify({...entry.judged, verdict, reason, comment, id: entry.id});
          entry.id = (await fetchJson('./api/feedback', {method: 'POST', body, headers: {'content-type': 'application/json'}})).id;
        } else if (entry.id) {
          await fetchJson('./api/feedback/' + entry.id, {method: 'DELETE'});
          entry.id = null;
        }
        entry.stored = verdict;
        if (thanks && mine === entry.sent) place(entry, make('p', {class: 'note', role: 'status'}, both(thanks)));
      } catch (error) {
        if (mine !== entry.sent) return;
        const alert = make('p', {class: 'note', role: 'alert'}, both('not_judged', {reason: error.message}));
        if (thanks && verdict === 'down') { // the verdict is there, what was typed is not: it stays to be sent again
          for (const old of entry.shown.querySelectorAll('[role="alert"]')) old.remove();
          entry.shown.append(alert);
        } else {
          entry.verdict = entry.stored;
          place(entry, alert);
        }
      }
    });
  }

  function askWhy(entry) {
    const reasons = ['wrong', 'citation', 'unanswered', 'other'].map((reason) => {
      const key = 'why_' + reason;
      return make('button', {type: 'button', class: 'reason', 'data-reason': reason, 'aria-pressed': 'false'}, both(key));
    });
    const comment = make('textarea', {rows: '2', maxlength: '500', 'data-label-zh': words.comment[0],
      'data-label-en': words.comment[1], 'aria-label': say('comment'), placeholder: say('comment')});
    const done = () => place(entry, make('p', {class: 'note', role: 'status'}, both('judged')));
    const send = () => {
      const chosen = reasons.find((r) => r.getAttribute('aria-pressed') === 'true');
      Object.assign(entry, {reason: chosen ? chosen.dataset.reason : null, comment: comment.value.trim() || null});
      if (entry.reason || entry.comment) keep(entry, 'judged'); else done();
    };
    const form = make('div', {class: 'why', role: 'group', 'data-label-zh': words.why[0], 'data-label-en': words.why[1], 'aria-label': say('why')},
      make('p', {class: 'label'}, both('why')), make('div', {class: 'reasons'}, ...reasons), comment,
      make('div', {class: 'why-foot'}, make('button', {type: 'button', class: 'quiet', 'data-why': 'skip'}, both('skip')),
        make('button', {type: 'button', class: 'solid', 'data-why': 'send'}, both('send_feedback'))));
    form.addEventListener('click', (event) => {
      const node = event.target.closest('button');
      if (!node) return;
      if (node.dataset.why === 'send') send();
      else if (node.dataset.why === 'skip') done();
      else for (const r of reasons) r.setAttribute('aria-pressed', String(r === node && r.getAttribute('aria-pressed') !== 'true'));
    });
    form.addEventListener('keydown', (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.isComposing) send(); });
    return form;
  }

  function place(entry, node) {
    const left = entry.shown && entry.shown.contains(document.activeElement);
    if (entry.shown) entry.shown.remove();
    entry.shown = node;
    showVerdicts();
    const thumb = left && document.querySelector('#' + entry.turn + ' .thumb[aria-pressed="true"]');
    if (thumb) thumb.focus({preventScroll: true});
  }

  function showVerdicts() {
    for (const box of document.querySelectorAll('#log .thumbs')) {
      const entry = verdicts.get(box.closest('.turn').id);
      for (const thumb of box.children) {
        const pressed = String(Boolean(entry) && entry.verdict === thumb.dataset.verdict);
        if (thumb.getAttribute('aria-pressed') !== pressed) thumb.setAttribute('aria-pressed', pressed);
      }
      if (entry && entry.shown && !entry.shown.isConnected) {
        box.closest('.answer').append(entry.shown);
        if (entry.shown.contains(focused) && document.activeElement === document.body) focused.focus({preventScroll: true});
      }
    }
  }

  document.addEventListener('focusin', (event) => { focused = event.target; });

  // ---- events -------------------------------------------------------------
  const panelActions = {
    close, clean: () => setView('clean'), raw: () => setView('raw'), previous: () => step(-1), next: () => step(1),
  };
  const pageActions = {
    documents: openDocuments,
    narrow: openFilters,
    new: () => { verdicts.clear(); close(); },
    language: () => { language = language === 'zh' ? 'en' : 'zh'; store.set('language', language); applyLanguage(); },
    theme: () => { store.set('theme', root.dataset.theme === 'dark' ? 'light' : 'dark'); applyTheme(); },
    logout,
  };

  // ---- the account --------------------------------------------------------
  async function logout(node) {
    node.disabled = true;
    try {
      const told = await fetchJson('./logout', {method: 'POST'});
      location.assign(told.to);  // our login page, or where the provider that one logged in at logs out
    } catch {
      location.assign('./logout');  // the page that does it without a script, and says what is wrong
    }
  }
  const openMenus = () => document.querySelectorAll('#top details.account[open]');
  document.addEventListener('click', (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener('click', (event) => {
    const node = event.target.closest('[data-open],[data-panel],[data-action],[data-document],[data-copy-zh],[data-verdict],[data-edit],[data-unfilter]');
    if (!node) return;
    const d = node.dataset;
    if (d.open !== undefined) {
      const card = document.getElementById(d.open);
      if (!card) return;
      opener = node;
      openCard(card);
    } else if (d.document !== undefined) {
      current = {source: d.document, name: d.name, related: false};
      openSource([], null);
    } else if (d.panel !== undefined) panelActions[d.panel]();
    else if (d.copyZh !== undefined) copy(node);
    else if (d.verdict !== undefined) judge(node);
    else if (d.edit !== undefined) editQuestion(node);
    else if (d.unfilter !== undefined) unfilter(node);
    else {
      if (d.action === 'documents' || d.action === 'narrow') opener = node;
      if (pageActions[d.action]) pageActions[d.action](node);
    }
  });

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.isComposing) {
      for (const menu of openMenus()) { menu.open = false; menu.querySelector('summary').focus(); }
      close();
    }
    const typing = event.target.closest && event.target.closest('textarea,input');
    const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (by && !typing && !panel.hidden && current && current.id && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      step(by);
    }
    if (event.key === 'Tab' && narrow.matches && !panel.hidden) keepFocus(event);
    // Enter that ends the choice of a Chinese character is no Enter for the question box
    if (event.key === 'Enter' && (event.isComposing || event.keyCode === 229)) event.stopImmediatePropagation();
  }, true);
  document.addEventListener('keypress', (event) => {
    if (event.key === 'Enter' && event.isComposing) event.stopImmediatePropagation();
  }, true);

  function keepFocus(event) {
    const stops = [...panel.querySelectorAll('button:not(:disabled),input,[tabindex="0"]')];
    const first = stops[0], last = stops[stops.length - 1];
    if (event.shiftKey && (document.activeElement === first || document.activeElement === title)) { last.focus(); event.preventDefault(); }
    else if (!event.shiftKey && document.activeElement === last) { first.focus(); event.preventDefault(); }
  }

  // A new turn is brought into view once; a reader who has scrolled away while it grows is left in peace.
  let lastTurn = '';
  function changed() {
    if (root.dataset.embed !== undefined) for (const node of document.querySelectorAll('[data-account]')) node.remove();
    applyLanguage();
    applyTheme();
    if (current) mark(current.id);
    showVerdicts();
    begin();
    goOn();
    const turns = document.querySelectorAll('#log .turn');
    const turn = turns[turns.length - 1];
    document.body.classList.toggle('asked', Boolean(turn));
    if (!turn) { lastTurn = ''; return; }
    if (turn.id !== lastTurn) {
      lastTurn = turn.id;
      turn.scrollIntoView({block: 'start', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth'});
    }
  }

  window.zhiyin = {yearsOf, regionsOf, words, make, both, say, store, fetchJson, button, send, verdicts, pageActions, close, narrow, count, documentsShown() {}, reloadDocuments: openDocuments};

  document.addEventListener('DOMContentLoaded', () => {
    buildPanel();
    applyTheme();
    const lost = make('p', {id: 'offline', role: 'status', hidden: ''}, both('offline'));
    document.body.append(lost);
    const connection = () => { lost.hidden = navigator.onLine; };
    addEventListener('offline', connection);
    addEventListener('online', connection);
    connection();
    let due = false;
    new MutationObserver(() => {
      if (due) return;
      due = true;
      requestAnimationFrame(() => { due = false; changed(); });
    }).observe(document.body, {childList: true, subtree: true});
    changed();
  });
})();
