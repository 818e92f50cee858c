/* The review page: one candidate at a time, corrected and decided. */
import {$, act, call, drafts, has, make, notice, say} from './base.js';
import {STEPS, connect, drawCaret, drawText, forget, isOpen, later, list, offer, openAt, picked, search, soon, walk} from './reader.js';

let queue = null;     // what the server says: every candidate with its verdict
let current = null;   // the candidate on the desk
let draft = null;     // what the form says of it
let warned = false;   // the next "accept" is meant, whatever is odd
let again = false;    // whether the skipped ones are looked at a second time
let busy = false, asked = 0, refused = {};

function changed() {
  warned = false;
  $('accept-label').textContent = say('accept');
  drafts.set(current.key, draft);
}
const drafted = (found) => ({
  question: found.row.question, history: found.row.history || [], kind: found.row.kind, refuse: Boolean(found.row.refuse),
  derived: Boolean(found.row.derived), answers: found.row.answers.length ? found.row.answers : [['']],
  evidence: found.evidence, note: found.row.note || ''});

// ---- the queue ------------------------------------------------------------
const indexOf = (key) => queue.items.findIndex((item) => item.key === key);

function drawQueue() {
  const {counts, items, out} = queue;
  const decided = counts.accept + counts.drop;
  $('out').textContent = say('goes_to', {out: out.split('/').pop()});
  $('out').title = out;
  $('at').textContent = current ? say('progress', {at: indexOf(current.key) + 1, all: items.length}) : say('left', {open: counts.open});
  $('tally').textContent = say('tally', counts);
  const share = items.length ? Math.round(100 * decided / items.length) : 100;
  $('bar').setAttribute('aria-valuenow', String(share));
  $('bar').firstElementChild.style.width = share + '%';
  document.title = say('title') + (counts.open ? ' (' + counts.open + ')' : '');
}

// The next one that was never decided, wherever it is; skipped ones only on a second round, each once.
function following(key) {
  const at = indexOf(key), after = queue.items.slice(at + 1), open = (item) => item.verdict === null;
  const found = after.find(open) || queue.items.find(open) || (again && after.find((item) => item.verdict === 'skip'));
  return found ? found.key : null;
}

async function refresh() {
  queue = await call('queue');
  drawQueue();
}

async function onward() {
  await refresh();
  const key = following(current ? current.key : null);
  if (key === null) finish(); else await go(key);
}

function finish() {
  current = draft = null;
  again = false;
  $('form').hidden = true;
  $('done').hidden = false;
  $('done-title').textContent = say(queue.counts.skip ? 'done_but' : 'done');
  $('done-next').hidden = !queue.counts.accept;
  $('done-tally').textContent = say('tally', queue.counts);
  $('done-command').textContent = 'zhiyin eval check ' + queue.out;
  $('again').hidden = !queue.counts.skip;
  $('again').textContent = say('done_skipped', {n: queue.counts.skip});
  enable();
  drawQueue();
}

async function go(key) {
  const found = await call('candidates/' + key);
  asked += 1;
  current = found;
  const kept = found.verdict === 'accept' || found.verdict === 'drop' ? null : drafts.get(key);
  draft = kept || drafted(found);
  warned = false;
  $('form').hidden = false;
  $('done').hidden = true;
  $('now').replaceChildren();
  drawForm();
  drawQueue();
  $('desk').scrollTop = 0;
  scrollTo(0, 0);
  const spot = draft.evidence.find((e) => e.times) || (found.feedback && found.feedback.citations[0]);
  if (spot) openAt(spot.source, spot.start, spot.end, !draft.evidence.includes(spot)); else if (!isOpen()) list('');
  else forget();
}

// ---- the form -------------------------------------------------------------
const decided = () => Boolean(current) && (current.verdict === 'accept' || current.verdict === 'drop');

function enable() {
  const at = current ? indexOf(current.key) : queue.items.length;
  const off = {accept: !current || decided(), drop: !current || decided(), skip: !current, back: at <= 0,
    undo: queue.counts.accept + queue.counts.drop + queue.counts.skip === 0};
  for (const [name, value] of Object.entries(off)) document.querySelector('footer [data-act="' + name + '"]').disabled = value;
  $('skip-label').textContent = say(decided() ? 'onward' : 'skip');
  $('accept-label').textContent = say(warned ? 'accept_anyway' : 'accept');
}

function drawForm() {
  const {row} = current, origin = row.origin || 'written';
  $('tags').replaceChildren(...[
    make('span', {class: 'tag ' + origin}, say('origin_' + (current.feedback ? 'feedback' : origin))),
    make('code', {}, row.id),
    current.verdict && make('span', {class: 'verdict ' + current.verdict}, say('verdict_' + current.verdict)),
    decided() && act('quiet', 'undo-this', say('undo_this'))].filter(Boolean));
  $('fields').classList.toggle('decided', decided());
  $('question').value = draft.question;
  $('note').value = draft.note;
  $('refuse').checked = draft.refuse;
  $('derived').checked = draft.derived;
  $('kind').value = draft.kind;
  grow($('question'));
  grow($('note'));
  drawHistory();
  drawAnswers();
  drawEvidence();
  drawThen();
  $('answerable').hidden = draft.refuse;
  for (const node of $('fields').querySelectorAll('input,textarea,select,button')) node.disabled = decided() && !node.matches('[data-act="open"],[data-act="evidence-show"]');
  enable();
}

function grow(box) {
  box.style.height = 'auto';
  box.style.height = box.scrollHeight + 2 + 'px';
}

function drawHistory() {
  $('history').replaceChildren();
  if (!draft.history.length) return;
  const turns = draft.history.flatMap(([question, answer]) => [make('dt', {}, question), make('dd', {}, answer)]);
  $('history').append(make('div', {class: 'line'}, make('h2', {}, say('history')), act('quiet', 'history-drop', say('history_drop'))), make('dl', {}, ...turns));
}

function drawAnswers() {
  $('answers').replaceChildren(...draft.answers.map((parts, n) => {
    const fields = parts.map((part, m) => make('input', {type: 'text', value: part, 'data-n': n, 'data-m': m, maxlength: 1000,
      'aria-label': parts.length > 1 ? say('answer_part', {n: n + 1, m: m + 1}) : say('answer_line', {n: n + 1})}));
    const joined = fields.flatMap((field, m) => m ? [make('span', {class: 'plus', 'aria-hidden': 'true'}, '＋'), field] : [field]);
    return make('li', {}, make('div', {class: 'parts'}, ...joined), make('div', {class: 'line-tools'},
      act('quiet small', 'part-add', '＋ ' + say('part_add'), {'data-n': n}),
      act('square', 'answer-remove', '✕', {'data-n': n, 'aria-label': say('remove') + ' ' + say('answer_line', {n: n + 1})})));
  }));
}

function drawEvidence() {
  $('evidence').replaceChildren(...draft.evidence.map((spot, n) => make('li', {class: spot.times ? '' : 'lost'},
    make('p', {class: 'meta'}, make('b', {}, String(n + 1)), make('span', {}, spot.title), spot.times > 1 ? make('span', {}, say('evidence_times', {n: spot.times})) : null),
    make('blockquote', {}, spot.text),
    spot.times ? null : make('p', {class: 'alert'}, say(spot.version ? 'evidence_lost' : 'evidence_gone')),
    make('div', {class: 'line-tools'}, spot.times ? act('quiet small', 'evidence-show', say('show'), {'data-n': n}) : null,
      act('square', 'evidence-remove', '✕', {'data-n': n, 'aria-label': say('remove') + ' ' + say('evidence') + ' ' + (n + 1)})))));
  if (!draft.evidence.length) $('evidence').append(make('li', {class: 'none'}, say('evidence_none')));
  drawText(false);
}

function drawThen() {
  $('then').replaceChildren();
  const given = current.feedback;
  if (!given) return;
  const said = given.said.map((one) => make('p', {class: 'said'}, one.reason ? make('b', {}, say('reason_' + one.reason)) : null, one.comment ? make('span', {}, one.comment) : null));
  const cited = given.citations.map((c, n) => act('quiet small', 'open', '[' + (n + 1) + '] ' + c.source, {'data-source': c.source, 'data-start': c.start, 'data-end': c.end}));
  $('then').append(make('div', {class: 'group disliked'},
    make('div', {class: 'line'}, make('h2', {}, say('bot_then')), given.times > 1 ? make('span', {class: 'meta'}, say('times', {n: given.times})) : null),
    ...said, make('p', {class: 'given'}, given.answer), make('div', {class: 'cited'}, ...cited)));
}

function drawNow(answer) {
  const short = answer.short && !answer.refused ? act('quiet small', 'answer-take', say('bot_short'), {'data-text': answer.short}) : null;
  const cards = answer.citations.map((c) => make('li', {}, make('p', {class: 'meta'}, make('b', {}, String(c.n)), make('span', {}, c.title || c.source)),
    make('blockquote', {}, c.quote), make('div', {class: 'line-tools'},
      act('quiet small', 'open', say('show'), {'data-source': c.source, 'data-start': c.start, 'data-end': c.end}),
      act('quiet small', 'quote-take', say('bot_quote'), {'data-spot': JSON.stringify({source: c.source, title: c.title || c.source, start: c.start, end: c.end, text: c.quote, version: c.version, times: 1})}))));
  $('now').replaceChildren(
    make('p', {class: 'given'}, answer.refused ? make('b', {class: 'tag'}, say('bot_refused')) : null, answer.answer), ...(short ? [short] : []),
    make('ol', {class: 'cards'}, ...cards));
  if (decided()) for (const node of $('now').querySelectorAll('[data-act$="-take"]')) node.remove();
}

async function ask() {
  const mine = (asked += 1);
  $('now').replaceChildren(make('p', {class: 'meta', role: 'status'}, say('bot_asking'), make('i', {class: 'dots'})));
  try {
    const answer = await call('ask', {question: draft.question, history: draft.history});
    if (mine === asked) drawNow(answer);
  } catch (error) {
    if (mine === asked) $('now').replaceChildren(make('p', {class: 'alert', role: 'alert'}, error.message));
  }
}

// ---- what is picked in the reader -----------------------------------------
function editable() {
  if (!current || decided()) return false;
  if (draft.refuse) setRefuse(false);
  return true;
}

function addEvidence(spot) {
  if (!spot || !editable()) return;
  const twice = draft.evidence.some((e) => e.source === spot.source && e.start === spot.start && e.end === spot.end);
  if (!twice) draft.evidence.push(spot);
  getSelection().removeAllRanges();
  changed();
  drawEvidence();
  notice(say(twice ? 'added_before' : 'added'));
}

function addAnswer(text) {
  const said = text.split(/\s+/).join(' ').trim();
  if (!said || !editable()) return;
  const empty = draft.answers.findIndex((parts) => parts.every((part) => !part.trim()));
  if (empty >= 0) draft.answers[empty] = [said];
  else if (!draft.answers.some((parts) => parts.length === 1 && parts[0] === said)) draft.answers.push([said]);
  changed();
  drawAnswers();
}

// ---- decisions --------------------------------------------------------------
async function decide(work) {
  if (busy) return;
  busy = true;
  document.body.classList.add('busy');
  try {
    await work();
  } catch (error) {
    notice(error.message, 'alert');
    if (error.status === 409 && current) {
      await refresh();
      if ((queue.items[indexOf(current.key)] || {}).verdict !== current.verdict) await go(current.key);
    }
  } finally {
    busy = false;
    document.body.classList.remove('busy');
  }
}

const accept = () => decide(async () => {
  const {evidence, ...row} = draft;
  if (!draft.refuse && evidence.some((spot) => !spot.times)) throw new Error(say('evidence_lost'));
  const spots = evidence.map(({source, start, end, text, version}) => ({source, start, end, text, version}));
  const done = await call('accept', {key: current.key, row, evidence: spots, confirmed: warned});
  if (done.warnings.length) {
    warned = true;
    enable();
    notice(done.warnings.join(' '), 'alert');
    return;
  }
  drafts.drop(current.key);
  await onward();
  notice(say('did_accept', {id: done.row.id}));
});

const drop = () => decide(async () => {
  await call('drop', {key: current.key});
  await onward();
  notice(say('did_drop'));
});

const skip = () => decide(async () => {
  if (decided()) {
    notice('');
    return void await onward();
  }
  await call('skip', {key: current.key});
  await onward();
  notice(say('did_skip'));
});

const undo = (key) => decide(async () => {
  const undone = await call('undo', key ? {key} : {});
  if (undone.row) drafts.set(undone.key, drafted(undone)); // as it was accepted, to be corrected further
  await refresh();
  if (indexOf(undone.key) < 0) return;
  await go(undone.key);
  notice(say('undone', {id: current.row.id}));
});

const back = () => decide(async () => {
  const at = current ? indexOf(current.key) : queue.items.length;
  if (at > 0) { notice(''); await go(queue.items[at - 1].key); }
});

function setRefuse(on) {
  const fits = (kind) => Boolean(refused[kind]) === on;
  draft.refuse = on;
  if (!fits(draft.kind)) draft.kind = [current.row.kind, ...Object.keys(refused)].find(fits) || draft.kind;
  $('kind').value = draft.kind;
  $('refuse').checked = on;
  $('answerable').hidden = on;
}

// ---- events -------------------------------------------------------------------
const reader = (open) => { document.body.classList.toggle('reading', open); if (open) $('reader-title').focus({preventScroll: true}); };
const acts = {
  accept, drop, skip, back, undo: () => undo(), ask,
  'undo-this': () => undo(current.key),
  'answer-add': () => { draft.answers.push(['']); changed(); drawAnswers(); $('answers').lastElementChild.querySelector('input').focus(); },
  'part-add': (d) => { draft.answers[d.n].push(''); changed(); drawAnswers(); [...$('answers').children[d.n].querySelectorAll('input')].pop().focus(); },
  'answer-remove': (d) => { draft.answers.splice(d.n, 1); if (!draft.answers.length) draft.answers.push(['']); changed(); drawAnswers(); },
  'answer-take': (d) => addAnswer(d.text),
  'history-drop': () => { draft.history = []; changed(); drawHistory(); },
  'evidence-show': (d) => { const e = draft.evidence[d.n]; reader(true); openAt(e.source, e.start, e.end, false); },
  'evidence-remove': (d) => { draft.evidence.splice(d.n, 1); changed(); drawEvidence(); },
  'quote-take': (d) => addEvidence(JSON.parse(d.spot)),
  'as-evidence': () => addEvidence(picked()),
  'as-answer': () => { const spot = picked(); if (spot) addAnswer(spot.text); },
  open: (d) => { reader(true); openAt(d.source, Number(d.start || 0), d.end ? Number(d.end) : 0); },
  list: () => { $('find').value = ''; list(''); },
  earlier: () => later(-1), later: () => later(1),
  reader: () => reader(true),
  'reader-close': () => reader(false),
};

document.addEventListener('click', (event) => {
  const node = event.target.closest('[data-act]');
  if (node) Promise.resolve(acts[node.dataset.act](node.dataset)).catch((error) => notice(error.message, 'alert'));
});
// a button that works on the selection must not take it away
$('pick').addEventListener('mousedown', (event) => event.preventDefault());
$('again').addEventListener('click', () => { again = true; decide(onward); });

$('form').addEventListener('submit', (event) => event.preventDefault());
$('form').addEventListener('input', (event) => {
  const node = event.target;
  if (node.id === 'question' || node.id === 'note') { draft[node.id] = node.value; grow(node); }
  else if (node.id === 'kind') draft.kind = node.value;
  else if (node.id === 'refuse') setRefuse(node.checked);
  else if (node.id === 'derived') draft.derived = node.checked;
  else if (node.dataset.m !== undefined) draft.answers[node.dataset.n][node.dataset.m] = node.value;
  changed();
});

$('find').addEventListener('input', () => {
  soon(() => list($('find').value.trim()).catch((error) => notice(error.message, 'alert')));
});
$('find').addEventListener('keydown', (event) => {
  const sought = $('find').value.trim();
  if (event.key !== 'Enter' || event.isComposing || !sought) return;
  search(sought).catch((error) => notice(error.message, 'alert'));
});

document.addEventListener('selectionchange', offer);
document.addEventListener('focusin', drawCaret);
document.addEventListener('focusout', () => setTimeout(drawCaret));
addEventListener('resize', drawCaret);

const KEYS = {a: 'accept', d: 'drop', s: 'skip', b: 'back', u: 'undo', e: 'as-evidence', w: 'as-answer'};
document.addEventListener('keydown', (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  const at = event.target, inFlow = at.id === 'flow';
  if (event.key === 'Escape') { if (document.body.classList.contains('reading')) reader(false); else if (at !== document.body) at.blur(); return; }
  if (inFlow && STEPS[event.key]) { walk(event); return; }
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { if (!event.repeat) press('accept', event); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (at.closest('textarea,select,input:not([type="checkbox"])')) return;
  if (event.key === 'Enter') {
    if (inFlow) { if (picked()) press('as-evidence', event); return; }
    if (!at.closest('button,a,input')) press('accept', event);
    return;
  }
  const name = KEYS[event.key.toLowerCase()];
  if (name) press(name, event);
});

function press(name, event) {
  const node = document.querySelector('footer [data-act="' + name + '"]');
  event.preventDefault();
  if (node && node.disabled) return;
  Promise.resolve(acts[name]({})).catch((error) => notice(error.message, 'alert'));
}

// what another window decided is seen when this one is looked at again
document.addEventListener('visibilitychange', () => {
  if (document.hidden || !queue || busy) return;
  decide(async () => {
    await refresh();
    const item = current && queue.items[indexOf(current.key)];
    if (item && item.verdict !== current.verdict) await go(current.key);
    else if (!current && queue.counts.open) await onward();
  });
});

function named(kind) {
  const key = 'kind_' + kind;
  return has(key) && say(key) !== kind ? say(key) + ' · ' + kind : kind;
}

async function start() {
  connect({evidence: () => draft ? draft.evidence : [], pickable: () => Boolean(current) && !decided()});
  const kinds = await call('kinds');
  refused = Object.fromEntries(kinds.map(({kind, refuse}) => [kind, refuse]));
  $('kind').append(...kinds.map(({kind}) => make('option', {value: kind}, named(kind))));
  await refresh();
  const first = queue.items.find((item) => item.verdict === null);
  if (first) await go(first.key); else { finish(); await list(''); }
  if (matchMedia('(min-width: 900px)').matches) notice(say('keys'));
}
start().catch((error) => notice(error.message, 'alert'));
