/* Writes the snippet from the form, and keeps the preview in step. */
(() => {
  'use strict';
  const {origins, words} = JSON.parse(document.body.dataset.known);
  const root = document.documentElement;
  const form = document.getElementById('form');
  const at = (id) => document.getElementById(id);
  const service = new URL('..', location.href); // the address of the chat
  const DEFAULT = '#9c3324';

  let language = 'zh';
  try { language = localStorage.getItem('zhiyin-language') === 'en' ? 'en' : 'zh'; } catch { /* as it comes */ }
  const say = (key) => words[key][language === 'zh' ? 0 : 1];
  function speak() {
    root.dataset.language = language;
    root.lang = language === 'zh' ? 'zh-CN' : 'en';
    document.title = document.querySelector('h1 .' + language).textContent;
    for (const option of document.querySelectorAll('option[data-zh]')) option.textContent = option.dataset[language];
    at('preview').title = document.querySelector('#h-preview .' + language).textContent;
  }

  const value = (name) => (form.elements[name].value || '').trim();
  const quoted = (text) => text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  const NAMES = {bubble: ['lang', 'title', 'color', 'theme', 'position', 'label', 'greeting', 'filter', 'token-url'],
    panel: ['target', 'lang', 'title', 'color', 'theme', 'greeting', 'filter', 'token-url'], iframe: ['lang', 'title', 'color', 'theme', 'greeting', 'filter']};
  const chosen = () => NAMES[value('kind')].map((name) => [name, value(name)]).filter(([name, v]) => v && !(name === 'color' && v === DEFAULT));

  function snippet() {
    const kind = value('kind');
    if (kind === 'iframe') {
      const hash = new URLSearchParams(chosen()).toString();
      return `<iframe src="${quoted(new URL('embed', service).href + (hash ? '#' + hash : ''))}"\n        title="${quoted(value('title') || '知引')}" width="400" height="640" loading="lazy" allow="clipboard-write"></iframe>`;
    }
    const attributes = chosen().map(([name, v]) => `\n        data-${name}="${quoted(v)}"`).join('');
    const line = `<script src="${quoted(new URL('embed.js', service).href)}" data-zhiyin${attributes}${attributes ? '\n        ' : ' '}defer></${'script'}>`;
    const id = /^#([\w-]+)$/.exec(value('target'));
    return kind === 'panel' && id ? `<div id="${id[1]}"></div>\n${line}` : line;
  }

  // as the service reads it (ui/embed/origins.py)
  function originOf(text) {
    try {
      const url = new URL(text);
      const mine = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$|\.localhost$/.test(url.hostname);
      const bare = url.pathname === '/' && !url.search && !url.hash && !url.username && !/[*\s]/.test(text) && !text.endsWith('/');
      return bare && (url.protocol === 'https:' || (url.protocol === 'http:' && mine)) ? url.origin : null;
    } catch { return null; }
  }

  function checkSite() {
    const note = at('site-says'), text = value('site'), origin = originOf(text);
    const key = !text ? null : !origin ? 'bad_site' : origins.includes(origin) || origin === service.origin ? 'is_allowed' : 'not_allowed';
    if (!note.dataset.kept) { note.dataset.kept = '1'; checkSite.plain = [...note.childNodes]; }
    note.className = 'says' + (key === 'is_allowed' ? ' good' : key ? ' bad' : '');
    if (key) note.textContent = say(key); else note.replaceChildren(...checkSite.plain);
    const wanted = origin && !origins.includes(origin) && origin !== service.origin ? [...origins, origin] : origins;
    at('toml').textContent = `embed_origins = [${(wanted.length ? wanted : ['https://intranet.example']).map((o) => JSON.stringify(o)).join(', ')}]`;
  }

  let timer = 0, last = null;
  function changed() {
    const kind = value('kind');
    for (const field of document.querySelectorAll('[data-for]')) field.hidden = !field.dataset.for.split(' ').includes(kind);
    at('snippet').textContent = snippet();
    at('csp').textContent = kind === 'iframe' ? `frame-src ${service.origin}` : `script-src ${service.origin}; frame-src ${service.origin}`;
    checkSite();
    const query = new URLSearchParams([['kind', kind], ['ui', language], ...chosen().filter(([name]) => name !== 'token-url' && name !== 'target')]).toString();
    if (query === last) return;
    clearTimeout(timer);
    timer = setTimeout(() => { last = query; at('preview').src = './preview?' + query; }, last === null ? 0 : 400);
  }

  async function copy(node) {
    const text = at(node.dataset.copy);
    let said = 'copied';
    try { await navigator.clipboard.writeText(text.textContent); } catch {
      getSelection().selectAllChildren(text);
      if (!document.execCommand('copy')) said = 'copy_failed';
    }
    const before = [...node.childNodes];
    if (node.dataset.busy) return;
    node.dataset.busy = '1';
    node.textContent = say(said);
    setTimeout(() => { node.replaceChildren(...before); delete node.dataset.busy; }, 1600);
  }

  form.addEventListener('input', changed);
  form.addEventListener('submit', (event) => event.preventDefault());
  document.addEventListener('click', (event) => {
    const node = event.target.closest('[data-copy], #language');
    if (!node) return;
    if (node.id === 'language') {
      language = language === 'zh' ? 'en' : 'zh';
      try { localStorage.setItem('zhiyin-language', language); } catch { /* for this visit */ }
      speak();
      changed();
    } else copy(node);
  });
  speak();
  changed();
})();
