/* The chat page in another site's frame: what that site set, a small bar instead of the header, and the talk with embed.js.
   Runs before the chat's own scripts, so that the first request already carries the reader's token. */
(() => {
  'use strict';
  const root = document.documentElement;
  const set = new URLSearchParams(settings());
  const origins = [location.origin, ...(document.currentScript.dataset.origins || '').split(' ').filter(Boolean)];
  const framed = window.parent !== window;
  const claimed = set.get('origin') || (location.ancestorOrigins && location.ancestorOrigins[0]) || '';
  const parent = framed && origins.includes(claimed) ? claimed : null; // the only page that is spoken with
  const kind = set.get('widget'); // bubble, panel, or null for a plain iframe
  root.dataset.embed = kind || 'plain';

  // What stands after the # is read once: the chat writes the open conversation there. A reload finds it in the session.
  function settings() {
    const given = location.hash.slice(1), key = 'zhiyin-embed';
    try {
      if (/^c=[0-9a-f]*$/.test(given) || !given) return sessionStorage.getItem(key) || '';
      sessionStorage.setItem(key, given);
    } catch { /* no storage: as given */ }
    return given;
  }

  const tell = (message) => { if (parent) window.parent.postMessage({zhiyin: 1, ...message}, parent); };

  // ---- the frame's own storage, kept apart by site. Where the browser gives none, as some do in another site's page,
  // ---- it is kept in memory, and which conversation was open in the tab of that page.
  const memory = new Map();
  const fixed = {language: {zh: 'zh', en: 'en'}[set.get('lang')], theme: {light: 'light', dark: 'dark'}[set.get('theme')], talks: 'closed'};
  const PREFIX = 'zhiyin-embed-' + (framed ? claimed + '-' : '');
  const store = window.zhiyinStore = {
    get(key) {
      if (memory.has(key)) return memory.get(key);
      if (fixed[key]) return fixed[key];
      try { return localStorage.getItem(PREFIX + key); } catch { return null; }
    },
    set(key, value) {
      memory.set(key, value);
      try { localStorage.setItem(PREFIX + key, value); } catch { if (key === 'talk') tell({type: 'talk', id: value}); }
    },
  };

  // The chat opens the conversation that its address names; whether it is this reader's, the service looks after.
  const last = store.get('talk') || set.get('talk') || '';
  const remembered = /^[0-9a-f]{32}$/.test(last) ? last : '';
  history.replaceState(null, '', location.pathname + location.search + (remembered ? '#c=' + remembered : ''));

  // ---- who is asking: the host page's ticket, changed into a token of this service that every request carries ----
  let token = '', expires = 0, given = null, getting = null;
  const withToken = () => Boolean(parent && (set.get('token') || token));
  const EARLY = 20000, HOST_TIME = 15000; // milliseconds

  function getToken(anew) {
    if (token && !anew && expires - Date.now() > EARLY) return Promise.resolve(token);
    getting = getting || fetchToken().then((found) => { signedOut(''); return found; }, (error) => { signedOut(error.message); return ''; })
      .finally(() => { getting = null; });
    return getting;
  }

  async function fetchToken() {
    token = '';
    const ticket = await new Promise((resolve, reject) => {
      given = {resolve};
      setTimeout(reject, HOST_TIME, new Error('the page gave no token in time'));
      tell({type: 'token'});
    });
    given = null;
    if (!ticket) throw new Error('the page gave no token');
    const response = await plain('./api/session', {method: 'POST', body: JSON.stringify({origin: parent}),
      headers: {authorization: 'Bearer ' + ticket, 'content-type': 'application/json'}});
    if (response.status === 404) { // no service of tickets: it is a token already
      token = ticket;
      expires = Infinity;
      return token;
    }
    const told = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(told.error || 'the token was refused (' + response.status + ')');
    token = told.token;
    expires = Date.now() + told.expires_in * 1000;
    return token;
  }

  const plain = window.fetch.bind(window);
  window.fetch = async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input, location.href);
    if (url.origin !== location.origin) return plain(input, init);
    if (!withToken()) return noted(await plain(input, init));
    let mine = '';
    const send = async (anew) => {
      const headers = new Headers(init.headers || (input instanceof Request ? input.headers : undefined));
      mine = await getToken(anew);
      if (mine) headers.set('authorization', 'Bearer ' + mine);
      return plain(input instanceof Request ? input.clone() : input, {...init, headers});
    };
    const response = await send(false);
    return noted(response.status === 401 && mine ? await send(true) : response);
  };
  function noted(response) {
    if (response.status === 401 && !out) signedOut('the service asks who is there: give a ticket, by data-token-url or Zhiyin.setToken');
    return response;
  }

  // Whether this reader may ask at all: learnt at the start from a small page that every person gets, and nobody else.
  let out = '', allowed = false; // out: why not
  async function mayAsk() {
    if ('nobody' in root.dataset) { // ui/auth/gate.py: there is no chat in this page
      signedOut(out || 'the service asks for a login, and takes no tickets: see auth_jwt_ in its settings');
      return false;
    }
    const response = await window.fetch('./embed/preview', {cache: 'no-store'}).catch(() => null); // no network: the chat says so itself
    allowed = !(response && response.status === 401) && !(withToken() && !token);
    if (allowed) signedOut('');
    changed();
    return allowed;
  }

  function signedOut(why) {
    const before = out;
    out = why;
    if (Boolean(before) !== Boolean(why)) showSignedOut();
    if (!why || before) return;
    allowed = false;
    asked.length = 0;
    if (running) stopWaiting();
    tell({type: 'error', code: 'token', message: why}); // whatever waits there fails with it
  }

  function showSignedOut() {
    const bar = document.getElementById('embed-bar'), old = document.getElementById('embed-note');
    root.toggleAttribute('data-signed-out', Boolean(out));
    if (old) old.remove();
    if (!out || !bar) return;
    const note = document.createElement('p');
    note.id = 'embed-note';
    note.setAttribute('role', 'alert');
    for (const [lang, text] of [['zh', '没有取到登录凭据，暂时不能提问。请刷新网页，或重新登录。'], ['en', 'You could not be signed in. Reload the page, or sign in again.']]) {
      const span = document.createElement('span');
      Object.assign(span, {className: lang, lang, textContent: text});
      note.append(span);
    }
    bar.after(note);
  }

  // ---- what the search is narrowed to: "region=浙江,江苏; year=2022; source=a.txt" ----
  const filters = readFilters(set.get('filter') || '');
  function readFilters(text) {
    const found = {sources: [], regions: [], years: []};
    for (const part of text.split(/[;\uff1b]/)) {
      const [, name, values] = /^\s*(source|region|year)s?\s*=(.*)$/s.exec(part) || [];
      for (const value of (values || '').split(/[,\uff0c]/).map((v) => v.trim()).filter(Boolean)) {
        if (name !== 'year') found[name + 's'].push(value);
        else if (/^\d{4}$/.test(value)) found.years.push(Number(value));
      }
    }
    return some(found) ? found : null;
  }
  function some(one) { return Boolean(one.sources.length + one.regions.length + one.years.length); }

  // ---- colour: the host's, moved towards ink or paper until it can be read (WCAG 2.2, 4.5 to 1) ----
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt((hex.length === 4 ? hex.replace(/[^#]/g, '$&$&') : hex).slice(i, i + 2), 16));
  const luminance = (c) => c.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
  function paint() {
    const color = set.get('color') || '';
    if (!/^#([\da-f]{3}|[\da-f]{6})$/i.test(color)) return;
    const dark = root.dataset.theme === 'dark';
    const paper = dark ? [0x2d, 0x29, 0x23] : [0xf2, 0xec, 0xe0], ink = dark ? [255, 255, 255] : [0, 0, 0];
    let c = rgb(color);
    for (let n = 0; n < 40 && contrast(c, paper) < 4.5; n += 1) c = c.map((v, i) => Math.round(v + (ink[i] - v) * 0.06));
    const on = [[0x17, 0x13, 0x0d], [0xff, 0xfd, 0xf9]].sort((a, b) => contrast(b, c) - contrast(a, c))[0];
    root.style.setProperty('--accent', `rgb(${c.join(' ')})`);
    root.style.setProperty('--on-accent', `rgb(${on.join(' ')})`);
  }
  paint();
  new MutationObserver(paint).observe(root, {attributes: true, attributeFilter: ['data-theme']});

  // ---- the focus stays where the reader has it: nothing in here may take it from the page round it ----
  const takeFocus = HTMLElement.prototype.focus;
  if (framed) HTMLElement.prototype.focus = function (...how) { if (document.hasFocus()) takeFocus.apply(this, how); };

  // ---- the bar ------------------------------------------------------------
  const words = () => window.zhiyinTexts;
  const ICONS = {
    new: 'M10 4v12M4 10h12', documents: 'M6 2.5h6l3 3v12H6zM8.5 9.5h4M8.5 12.5h4', close: 'M5 5l10 10M15 5L5 15',
  };
  function button(key, act) {
    const node = document.createElement('button');
    const [zh, en] = words()[key];
    Object.assign(node, {type: 'button', className: 'embed-tool'});
    for (const [name, value] of [['data-embed', key], ['data-label-zh', zh], ['data-label-en', en], ['aria-label', zh]]) node.setAttribute(name, value);
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg'), path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    svg.setAttribute('viewBox', '0 0 20 20');
    svg.setAttribute('aria-hidden', 'true');
    path.setAttribute('d', ICONS[key]);
    svg.append(path);
    node.append(svg);
    node.addEventListener('click', act);
    return node;
  }
  const press = (action) => {
    const node = document.querySelector(`#top [data-action="${action}"], [data-action="${action}"]`);
    if (node) node.click();
  };
  function bar() {
    const node = document.createElement('header'), name = document.createElement('h1'), seal = document.createElement('span');
    node.id = 'embed-bar';
    seal.className = 'seal';
    seal.setAttribute('aria-hidden', 'true');
    seal.textContent = '引';
    if (set.get('title')) name.textContent = set.get('title');
    else for (const [i, lang] of ['zh', 'en'].entries()) {
      const span = document.createElement('span');
      Object.assign(span, {className: lang, lang, textContent: words().product[i]});
      name.append(span);
    }
    const tools = document.createElement('div');
    tools.append(button('documents', () => press('documents')), button('new', () => { fresh = true; press('new'); enter(); }));
    if (kind === 'bubble' && parent) tools.append(button('close', () => tell({type: 'close'})));
    node.append(seal, name, tools);
    document.body.prepend(node);
    showSignedOut();
  }

  // ---- questions in, answers out ------------------------------------------
  const field = () => document.querySelector('#box textarea');
  function enter() {
    const node = field();
    if (node) takeFocus.call(node, {preventScroll: true});
  }
  const turns = () => [...document.querySelectorAll('#log .turn')];
  const done = (turn) => turn.querySelector('.answer') && !turn.querySelector('.dots');
  const PATIENCE = 180000; // milliseconds
  const send = (to, detail) => document.dispatchEvent(new CustomEvent('zhiyin', {detail: {to, ...detail}})); // ui/chat.py listens
  const state = () => {
    const node = document.querySelector('#bar .bar');
    return node ? {talk: node.dataset.talk, filters: JSON.parse(node.dataset.filters)} : null;
  };
  const PREPARING = 5000; // milliseconds for the remembered conversation and the filter
  let saved = remembered;
  let fresh = true, late = false; // fresh: the filter has not been set yet
  const asked = []; // ids of questions by the host page, in order
  let ready = false, running = null;
  let touched = false; // what stands there before anyone has done anything is remembered, not news
  for (const kind of ['pointerdown', 'keydown']) window.addEventListener(kind, () => { touched = true; }, true);
  const told = new Set();
  const nameOf = (turn) => turn.id + '\n' + (turn.querySelector('.question') || turn).textContent;

  function next() {
    if (!ready || running || !asked.length || document.querySelector('#box .stop-button') || turns().some((t) => !done(t))) return;
    touched = true;
    running = asked.shift();
    running.timer = setTimeout(() => {
      tell({type: 'error', code: 'timeout', message: 'no answer in ' + PATIENCE / 1000 + ' s', id: stopWaiting().id});
      next();
    }, PATIENCE);
    send('log', {question: running.question});
  }

  let narrowing = false;
  function narrow() {
    if (narrowing) return;
    narrowing = true;
    setTimeout(() => { narrowing = false; }, 3000);
    send('bar', {do: 'filters', filters});
  }

  function stopWaiting() {
    const was = running;
    clearTimeout(was.timer);
    running = null;
    return was;
  }

  function read(turn) {
    const box = turn.querySelector('[data-judged]');
    let judged = {};
    try { judged = box ? JSON.parse(box.dataset.judged) : {}; } catch { /* told by what is on the page */ }
    const answer = judged.answer || {};
    const text = (node) => node ? node.textContent.trim() : '';
    return {
      question: judged.question || text(turn.querySelector('.question p')), answer: answer.answer || text(turn.querySelector('.answer')),
      short: answer.short || null, refused: Boolean(turn.querySelector('.answer.refused')), citations: answer.citations || [],
    };
  }

  function changed() {
    const now = state();
    if (!field() || !now || !document.querySelector('#log .welcome, #log .turn')) return;
    const opening = remembered && !ready && !late && !turns().length;
    if (!opening && filters && fresh) {
      if (some(now.filters)) fresh = false;
      else if (!turns().length || !ready) narrow();
    }
    if (!ready && allowed && !opening && (late || !filters || !fresh)) {
      ready = true;
      tell({type: 'ready'});
    }
    if (ready && now.talk !== saved) store.set('talk', saved = now.talk);
    const greeting = set.get('greeting'), hello = document.querySelector('#log .welcome h2');
    if (greeting && hello && hello.textContent !== greeting) hello.textContent = greeting;
    const seen = turns();
    if (!touched && seen.every(done)) for (const turn of seen) told.add(nameOf(turn)); // remembered from before
    for (const turn of seen) {
      if (!done(turn) || told.has(nameOf(turn))) continue;
      told.add(nameOf(turn));
      const mine = running && turn === seen[seen.length - 1] ? running : null;
      if (mine) stopWaiting();
      if (turn.querySelector('.answer.failed')) tell({type: 'error', code: 'failed', message: read(turn).answer, id: mine && mine.id});
      else tell({type: 'answer', answer: read(turn), id: mine && mine.id});
    }
    if (!seen.length) told.clear();
    next();
  }

  const hears = {
    ask(m) {
      if (typeof m.question !== 'string' || !m.question.trim()) return;
      const put = () => { asked.push({id: m.id, question: m.question.trim()}); next(); };
      if (!out) put();
      else mayAsk().then((may) => { // signed in since?
        if (may) put(); else tell({type: 'error', code: 'token', message: out, id: m.id});
      });
    },
    focus() { enter(); },
    token(m) {
      const ticket = typeof m.token === 'string' ? m.token : '';
      if (given) given.resolve(ticket);
      else if (ticket) { // another reader, or the same anew: asked for again with the next request
        token = '';
        set.set('token', '1');
      }
    },
  };
  window.addEventListener('message', (event) => {
    if (!parent || event.source !== window.parent || event.origin !== parent) return;
    const m = event.data;
    if (m && m.zhiyin === 1 && Object.hasOwn(hears, m.type)) hears[m.type](m);
  });

  // Escape closes what is open in the page first, and the bubble only then.
  let busy = false;
  const shown = (node) => node.checkVisibility ? node.checkVisibility() : !node.hidden;
  window.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') busy = [...document.querySelectorAll('[role="dialog"], [role="menu"], dialog[open], [popover]:popover-open')].some(shown);
  }, true);
  window.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !busy && !event.defaultPrevented && !event.isComposing && kind === 'bubble') tell({type: 'close'});
  });

  tell({type: 'hello'});
  mayAsk();
  document.addEventListener('DOMContentLoaded', () => {
    bar();
    setTimeout(() => { late = true; changed(); }, PREPARING);
    let due = false;
    new MutationObserver(() => {
      if (due) return;
      due = true;
      setTimeout(() => { due = false; changed(); }, 30); // a hidden frame draws no frames, but its timers go on
    }).observe(document.body, {childList: true, subtree: true});
    changed();
  });
})();
