/* Zhiyin in another page: a bubble, or a panel in place, with the chat in a frame.
   Nothing is loaded before it is opened; no style goes in or out: a closed shadow root, whose sheet is built here. */
(() => {
  'use strict';
  const script = document.currentScript || document.querySelector('script[data-zhiyin]');
  if (!(script instanceof HTMLScriptElement) || !script.src || (window.Zhiyin && window.Zhiyin.ask)) return;
  const d = script.dataset;
  const page = new URL('embed', script.src);
  const SERVICE = page.origin;
  const HEARD = 1500, LOADED = 30000; // milliseconds until a frame that says nothing counts as blocked: it speaks before its load event
  const LATEST = 240000; // milliseconds for each question that waits: longer than the frame's own patience

  const spoken = d.lang || document.documentElement.lang || navigator.language || 'zh';
  const en = !/^zh/i.test(spoken);
  const say = (zh, english) => en ? english : zh;
  const title = d.title || say('知引', 'Zhiyin');
  const color = /^#([\da-f]{3}|[\da-f]{6})$/i.test(d.color || '') ? d.color : '#9c3324';
  const size = (value, otherwise) => /^\d{1,4}(\.\d+)?(px|rem|em|vh|dvh|%)$/.test(value || '') ? value : otherwise;
  const side = d.position === 'left' ? 'left' : 'right';
  const theme = d.theme === 'light' || d.theme === 'dark' ? d.theme : '';

  // black or white, whichever is read better on the colour (WCAG 2.2, relative luminance)
  const light = (hex) => {
    const six = hex.length === 4 ? hex.replace(/[^#]/g, '$&$&') : hex;
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(six.slice(i, i + 2), 16) / 255)
      .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const onColor = light(color) > 0.179 ? '#17130d' : '#fffdf9';

  // In a shadow root, what is important here wins over what is important in the page's own sheets.
  const night = '--p:#1b1916;--i:#ebe5d9;--s:#b5ac9d;--l:#3b362f;color-scheme:dark';
  const day = '--p:#faf7f1;--i:#26231e;--s:#615a4f;--l:#e2dbcd;color-scheme:light';
  const css = `
:host{all:initial!important;direction:ltr!important;display:block!important;position:fixed!important;${side}:0!important;bottom:0!important;width:0!important;height:0!important;overflow:visible!important;z-index:2147483647!important;--a:${color};--o:${onColor};${theme === 'dark' ? night : day};font:400 15px/1.6 "PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Source Han Sans SC",system-ui,sans-serif!important}
:host(.inline){position:relative!important;${side}:auto!important;bottom:auto!important;width:100%!important;height:${size(d.height, '600px')}!important;z-index:auto!important}
${theme ? '' : `@media (prefers-color-scheme:dark){:host{${night}}}`}
[hidden]{display:none!important}
button,a{font:inherit;cursor:pointer;-webkit-tap-highlight-color:transparent}
:focus-visible{outline:2px solid var(--a);outline-offset:3px}
.bubble{position:fixed;${side}:max(20px,env(safe-area-inset-${side}));bottom:max(20px,env(safe-area-inset-bottom));display:flex;align-items:center;justify-content:center;gap:9px;min-width:56px;height:56px;padding:0 ${d.label ? '22px 0 18px' : '0'};border:1px solid transparent;border-radius:28px;background:var(--a);color:var(--o);font-size:16px;font-weight:600;letter-spacing:.02em;box-shadow:0 1px 2px rgb(40 28 10/.2),0 6px 22px rgb(40 28 10/.26);transition:transform .16s ease,box-shadow .16s ease}
.bubble:hover{transform:translateY(-2px);box-shadow:0 2px 4px rgb(40 28 10/.2),0 10px 28px rgb(40 28 10/.3)}
.bubble:focus-visible{outline:3px solid var(--i);outline-offset:3px}
svg{flex:none;width:26px;height:26px;fill:none;stroke:currentColor;stroke-width:1.7;stroke-linecap:round;stroke-linejoin:round}
.bubble .shut,.bubble[aria-expanded=true] .talk{display:none}
.bubble[aria-expanded=true] .shut{display:block}
.panel{position:fixed;${side}:max(20px,env(safe-area-inset-${side}));bottom:90px;width:min(${size(d.width, '408px')},calc(100vw - 40px));height:min(${size(d.height, '660px')},calc(100dvh - 110px));display:flex;flex-direction:column;border:1px solid var(--l);border-radius:16px;overflow:hidden;background:var(--p);color:var(--i);box-shadow:0 2px 6px rgb(40 28 10/.1),0 18px 56px rgb(40 28 10/.26);outline:none;animation:rise .2s cubic-bezier(.2,.8,.3,1)}
@keyframes rise{from{opacity:0;transform:translateY(14px) scale(.985)}}
.inline .panel,.panel.inline{position:absolute;inset:0;width:auto;height:auto;box-shadow:none;animation:none}
iframe{flex:1;width:100%;min-height:0;border:0;background:var(--p)}
.cover{position:absolute;inset:0;display:flex;flex-direction:column;align-items:center;justify-content:center;gap:12px;padding:56px 32px;box-sizing:border-box;text-align:center;background:var(--p);color:var(--s)}
.cover b{color:var(--i);font-size:17px;font-weight:600}
.cover p{margin:0;max-width:22em}
.seal{width:44px;height:44px;display:grid;place-items:center;border-radius:9px;background:var(--a);color:var(--o);font:600 25px/1 "Songti SC",STSong,SimSun,"Noto Serif CJK SC",serif}
.dots{display:flex;gap:6px;padding-top:4px}
.dots i{width:7px;height:7px;border-radius:50%;background:var(--s);animation:beat 1.2s ease-in-out infinite}
.dots i:nth-child(2){animation-delay:.15s}.dots i:nth-child(3){animation-delay:.3s}
@keyframes beat{0%,60%,100%{opacity:.25}30%{opacity:1}}
.row{display:flex;gap:8px;padding-top:6px}
.act{min-height:38px;padding:0 18px;display:inline-flex;align-items:center;border:1px solid var(--l);border-radius:9px;background:none;color:var(--i);text-decoration:none;font-size:14px}
.act.first{background:var(--a);border-color:var(--a);color:var(--o)}
.cross{position:absolute;top:9px;right:9px;width:38px;height:38px;padding:0;display:grid;place-items:center;border:0;border-radius:8px;background:none;color:var(--s)}
.cross svg{width:18px;height:18px}
@media (max-width:480px),(max-height:430px){
.panel:not(.inline){inset:0;width:100%;height:100dvh;border:0;border-radius:0}
.bubble[aria-expanded=true]{display:none}}
@media (prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}.bubble:hover{transform:none}.dots i{opacity:.6}}
@media (forced-colors:active){.bubble,.panel{border:2px solid ButtonText}}
@media print{:host(:not(.inline)){display:none!important}}`;

  // ---- what is on the page ------------------------------------------------
  const SVG = 'http://www.w3.org/2000/svg';
  function make(tag, attributes = {}, ...children) {
    const node = tag === 'svg' || tag === 'path' ? document.createElementNS(SVG, tag) : document.createElement(tag);
    for (const name in attributes) if (attributes[name] !== null) node.setAttribute(name, attributes[name]);
    node.append(...children);
    return node;
  }
  const icon = (kind, path) => make('svg', {class: kind, viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false'}, make('path', {d: path}));
  const CROSS = 'M6 6l12 12M18 6L6 18';

  let target = null;
  if (d.target) {
    try { target = document.querySelector(d.target); } catch { /* no selector: said below */ }
    if (!target) console.error(`Zhiyin: data-target ${JSON.stringify(d.target)} finds nothing in this page; showing the bubble instead`);
  }
  const host = make('div', {'data-zhiyin-host': '', class: target ? 'inline' : null});
  const root = host.attachShadow({mode: 'closed'});
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];

  const panel = make('div', {id: 'panel', role: target ? 'region' : 'dialog', 'aria-label': title, tabindex: '-1', class: target ? 'panel inline' : 'panel'});
  const before = make('span', {tabindex: '-1'}), after = make('span', {tabindex: '-1'});
  const cover = make('div', {class: 'cover'});
  panel.append(before, after, cover);
  let bubble = null;
  if (!target) {
    panel.hidden = true;
    bubble = make('button', {class: 'bubble', type: 'button', 'aria-haspopup': 'dialog', 'aria-expanded': 'false', 'aria-controls': 'panel',
      'aria-label': d.label || say('打开问答：', 'Open the chat: ') + title},
    icon('talk', 'M4.5 5.5h15a1 1 0 0 1 1 1v9.5a1 1 0 0 1-1 1H11l-4.5 3.7V17h-2a1 1 0 0 1-1-1V6.5a1 1 0 0 1 1-1zM8 9.7h8M8 13h5'), icon('shut', 'M6 9.5l6 6 6-6'),
    ...(d.label ? [make('span', {}, d.label)] : []));
    root.append(bubble);
  }
  root.append(panel);

  // ---- what happens -------------------------------------------------------
  const listeners = {ready: [], open: [], close: [], answer: [], error: []};
  function emit(event, detail) {
    for (const fn of [...listeners[event]]) try { fn(detail); } catch (error) { console.error(error); }
  }

  let frame = null, heard = false, ready = null, failed = false, timer = 0, asked = 0, back = null, wantsFocus = false;
  let source = null; // the token, or what gets one
  let trouble = null; // the error that keeps the chat from being used at all; told to whoever listens later, too
  const outbox = [], waiting = new Map();
  const narrow = matchMedia('(max-width:480px),(max-height:430px)');

  function post(message) {
    if (heard) frame.contentWindow.postMessage({zhiyin: 1, ...message}, SERVICE);
    else outbox.push(message);
  }

  // Which conversation was open, for this tab: asked for only where the frame may store nothing of its own.
  const TALK = 'zhiyin-talk';
  const kept = () => { try { return sessionStorage.getItem(TALK); } catch { return null; } };

  function load() {
    if (frame) return;
    heard = failed = false;
    ready = trouble = null;
    wait();
    const told = {origin: location.origin, lang: en ? 'en' : 'zh', title: d.title, color: d.color && color, theme, greeting: d.greeting,
      filter: d.filter, widget: target ? 'panel' : 'bubble', token: source || d.tokenUrl ? '1' : '', talk: kept()};
    const hash = new URLSearchParams(Object.entries(told).filter(([, value]) => value));
    frame = make('iframe', {title, src: page.href + '#' + hash, allow: 'clipboard-write', referrerpolicy: 'strict-origin'});
    frame.addEventListener('load', () => { if (!heard) arm(HEARD); });
    arm(LOADED);
    after.before(frame);
  }

  function arm(after_ms) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      fail(heard ? 'slow' : 'blocked', `Zhiyin: no word from ${page.href}; is the service there, and ${location.origin} in its embed_origins?`);
    }, after_ms);
  }

  function fail(code, message) {
    failed = true;
    frame.remove();
    frame = null;
    heard = false;
    outbox.length = 0;
    console.error(message);
    const again = make('button', {class: 'act first', type: 'button'}, say('重试', 'Try again'));
    again.addEventListener('click', () => { load(); panel.focus(); });
    const tab = make('a', {class: 'act', href: new URL('./', page).href, target: '_blank', rel: 'noopener'}, say('在新窗口打开', 'Open in a new tab'));
    cover.replaceChildren(make('b', {}, say('这里暂时打不开问答', 'The chat cannot be opened here')),
      make('p', {}, say('服务没有响应，或者本站不在允许嵌入的名单里。', 'The service does not respond, or this site is not on its list.')),
      make('div', {class: 'row'}, again, tab), ...cross());
    cover.setAttribute('role', 'alert');
    cover.hidden = false;
    trouble = {code, message};
    rejectAll(trouble);
    emit('error', trouble);
  }

  function rejectAll(told) {
    for (const [, one] of waiting) one.reject(Object.assign(new Error(told.message), told));
    waiting.clear();
  }

  function cross() {
    if (target) return [];
    const node = make('button', {class: 'cross', type: 'button', 'aria-label': say('关闭', 'Close')}, icon('', CROSS));
    node.addEventListener('click', () => close());
    return [node];
  }

  function wait() {
    cover.replaceChildren(make('span', {class: 'seal', 'aria-hidden': 'true'}, '引'), make('b', {}, title),
      make('p', {}, say('正在打开', 'Opening')), make('span', {class: 'dots', 'aria-hidden': 'true'}, make('i'), make('i'), make('i')), ...cross());
    cover.setAttribute('role', 'status');
    cover.hidden = false;
  }

  function modal() {
    const sheet = Boolean(bubble) && narrow.matches;
    if (sheet) panel.setAttribute('aria-modal', 'true'); else panel.removeAttribute('aria-modal');
    for (const node of [before, after]) node.setAttribute('tabindex', sheet ? '0' : '-1');
  }

  function enter() {
    if (!ready) { panel.focus({preventScroll: true}); return; }
    frame.focus({preventScroll: true});
    post({type: 'focus'});
  }

  function open() {
    const was = !target && panel.hidden;
    if (was) {
      back = document.activeElement === host ? null : document.activeElement;
      panel.hidden = false;
      bubble.setAttribute('aria-expanded', 'true');
      bubble.setAttribute('aria-label', say('收起问答', 'Close the chat'));
      modal();
    }
    if (target) host.scrollIntoView({block: 'nearest'});
    wantsFocus = true;
    load();
    enter();
    if (was) emit('open');
  }

  function close() {
    if (target || panel.hidden) return;
    const inside = document.activeElement === host;
    panel.hidden = true;
    wantsFocus = false;
    bubble.setAttribute('aria-expanded', 'false');
    bubble.setAttribute('aria-label', d.label || say('打开问答：', 'Open the chat: ') + title);
    if (inside) (back && back.isConnected && back !== document.body ? back : bubble).focus({preventScroll: true});
    emit('close');
  }

  function ask(question) {
    const text = String(question).trim();
    const promise = new Promise((resolve, reject) => {
      if (!text) { reject(new TypeError('Zhiyin.ask takes a question')); return; }
      const id = asked += 1;
      waiting.set(id, {resolve, reject});
      setTimeout(() => {
        if (waiting.delete(id)) reject(Object.assign(new Error('Zhiyin: no answer in time'), {code: 'timeout'}));
      }, LATEST * waiting.size);
      open();
      post({type: 'ask', id, question: text});
    });
    promise.catch(() => {}); // told by the event, too
    return promise;
  }

  async function token() {
    try {
      let found = typeof source === 'function' ? await source() : source;
      if (!source && d.tokenUrl) {
        const response = await fetch(d.tokenUrl, {credentials: 'same-origin', cache: 'no-store', headers: {accept: 'application/json'}});
        if (!response.ok) throw new Error(`${d.tokenUrl} answered ${response.status}`);
        found = await response.text();
        try { found = JSON.parse(found).token || ''; } catch { /* the token itself */ }
      }
      if (typeof found !== 'string' || !found.trim()) throw new Error('no token was given');
      post({type: 'token', token: found.trim()});
    } catch (error) {
      post({type: 'token', token: ''});
      emit('error', {code: 'token', message: String(error && error.message || error)});
    }
  }

  const heardOf = {
    hello() { heard = true; for (const message of outbox.splice(0)) post(message); },
    ready() {
      clearTimeout(timer);
      ready = {};
      trouble = null;
      cover.hidden = true;
      if (wantsFocus && document.activeElement === host) enter();
      emit('ready', ready);
    },
    answer(m) {
      const {id, answer} = m;
      emit('answer', answer);
      if (waiting.has(id)) { waiting.get(id).resolve(answer); waiting.delete(id); }
    },
    error(m) {
      const told = {code: String(m.code), message: String(m.message)};
      if (told.code === 'token') {
        if (!ready) { // the frame shows a note and stays
          clearTimeout(timer);
          cover.hidden = true;
          trouble = told;
        }
        rejectAll(told);
      }
      emit('error', told);
      if (waiting.has(m.id)) { waiting.get(m.id).reject(Object.assign(new Error(told.message), told)); waiting.delete(m.id); }
    },
    close() { close(); },
    talk(m) { try { sessionStorage.setItem(TALK, /^[0-9a-f]{32}$/.test(m.id) ? m.id : ''); } catch { /* forgotten */ } },
    token() { token(); },
  };

  addEventListener('message', (event) => {
    // from the very frame that was made here, while it shows the service: nobody else is heard
    if (!frame || event.source !== frame.contentWindow || event.origin !== SERVICE) return;
    const m = event.data;
    if (m && m.zhiyin === 1 && Object.hasOwn(heardOf, m.type)) heardOf[m.type](m);
  });

  panel.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.isComposing) { event.stopPropagation(); close(); }
  });
  for (const node of [before, after]) node.addEventListener('focus', () => { if (narrow.matches) enter(); });
  narrow.addEventListener('change', modal);

  window.Zhiyin = Object.freeze({
    open, close, ask,
    on(event, fn) {
      if (!Object.hasOwn(listeners, event)) throw new TypeError(`Zhiyin.on knows ${Object.keys(listeners).join(', ')}; not ${event}`);
      if (typeof fn !== 'function') throw new TypeError('Zhiyin.on takes a function');
      listeners[event].push(fn);
      if (event === 'ready' && ready) fn(ready);
      if (event === 'error' && trouble) fn(trouble);
      return () => { listeners[event] = listeners[event].filter((one) => one !== fn); };
    },
    /* a token, or a function that gets one (again, when it has run out) */
    setToken(given) {
      source = given;
      if (frame && trouble) { // it was opened for nobody: opened anew for this reader
        frame.remove();
        frame = null;
        load();
      } else if (frame) token();
    },
  });

  if (target) {
    target.append(host);
    wait();
    new IntersectionObserver((seen, observer) => {
      if (seen.some((entry) => entry.isIntersecting)) { observer.disconnect(); load(); }
    }).observe(host);
  } else {
    bubble.addEventListener('click', () => { if (panel.hidden) open(); else close(); });
    document.documentElement.append(host); // beside the body: what transforms, replaces or hides that one leaves this be
  }
})();
