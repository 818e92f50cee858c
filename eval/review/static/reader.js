/* The source beside the form: documents, a search, one stretch of raw text, and a selection as an exact slice of it. */
import {$, act, call, make, say} from './base.js';

let shown = null;     // the stretch of a document that is open
let opened = 0, waiting = 0;
let desk = {evidence: () => [], pickable: () => false};   // what the reader asks the form

export const connect = (form) => { desk = form; };
export const isOpen = () => shown !== null;
export const forget = () => { if (shown) { shown.hit = null; drawText(false); } };
export const later = (by) => openAt(shown.source, by > 0 ? shown.end + 1 : Math.max(shown.start - 1, 0), 0).then(() => { $('text').scrollTop = $('text').scrollHeight / 2; });
export function soon(work) { clearTimeout(waiting); waiting = setTimeout(work, 250); }

const head = (title, meta = '') => { $('reader-title').textContent = title; $('reader-meta').textContent = meta; };

export async function list(sought) {
  const mine = (opened += 1);
  shown = null;
  head(say('documents'));
  const found = await call('documents?' + new URLSearchParams({q: sought}));
  if (mine !== opened) return;
  const rows = found.map((d) => make('li', {}, make('button', {type: 'button', class: 'row', 'data-act': 'open', 'data-source': d.source, 'data-start': 0},
    make('b', {}, d.title), make('span', {}, d.source + ' · ' + say('characters', {n: d.characters.toLocaleString('en-US')})))));
  fill(rows.length ? make('ul', {class: 'rows'}, ...rows) : make('p', {class: 'meta'}, say('documents_none')));
}

export async function search(sought) {
  clearTimeout(waiting);
  const mine = (opened += 1);
  const first = shown && shown.source || '';
  shown = null;
  head(say('hits'));
  fill(make('p', {class: 'meta', role: 'status'}, say('loading'), make('i', {class: 'dots'})));
  const found = await call('passages?' + new URLSearchParams({q: sought, first}));
  if (mine !== opened) return;
  const rows = found.hits.map((h) => make('li', {}, make('button', {type: 'button', class: 'row', 'data-act': 'open', 'data-source': h.source, 'data-start': h.start, 'data-end': h.end},
    make('b', {}, h.title), make('span', {}, '…' + h.before, make('mark', {}, h.match), h.after + '…'))));
  fill(rows.length ? make('ul', {class: 'rows'}, ...rows) : make('p', {class: 'meta'}, say('hits_none', {what: sought})));
  if (!found.complete) $('text').append(make('p', {class: 'meta'}, say('hits_more')));
}

function fill(...nodes) {
  $('text').replaceChildren(...nodes);
  $('text').scrollTop = 0;
  offer();
}

export async function openAt(source, start, end, hit = true) {
  const mine = (opened += 1);
  clearTimeout(waiting); // a list that is still to come for what was typed
  try {
    const inside = shown && shown.source === source && start >= shown.start && (end || start) <= shown.end;
    const found = inside ? shown : await call('document?' + new URLSearchParams({source, at: start || 0}));
    if (mine !== opened) return;
    shown = {...found, hit: hit && end ? [start, end] : null, aim: start || 0};
    head(found.title, (found.title === found.source ? '' : found.source + ' · ') + say('characters', {n: found.total.toLocaleString('en-US')}));
    drawText(true);
  } catch (error) {
    if (mine === opened) { shown = null; head(source); fill(make('p', {class: 'alert', role: 'alert'}, error.message)); }
  }
}

// Offsets of the server count code points, those of the page UTF-16 units; they differ beyond the basic plane.
const units = (text, points) => { let at = 0; for (let n = 0; n < points && at < text.length; n += 1) at += text.codePointAt(at) > 0xffff ? 2 : 1; return at; };
const points = (text, end) => { let n = 0; for (let at = 0; at < end; n += 1) at += text.codePointAt(at) > 0xffff ? 2 : 1; return n; };
const inText = (position) => units(shown.text, Math.min(Math.max(position - shown.start, 0), shown.end - shown.start));

export function drawText(aim) {
  if (!shown) return;
  const spans = desk.evidence().map((spot, n) => ({...spot, n: n + 1, kind: 'proof'})).filter((s) => s.times && s.source === shown.source && s.start < shown.end && s.end > shown.start);
  if (shown.hit) spans.push({start: shown.hit[0], end: shown.hit[1], kind: 'hit', n: ''});
  const placed = spans.map((s) => ({...s, from: inText(s.start), to: inText(s.end)}));
  const cuts = [...new Set([0, shown.text.length, ...placed.flatMap((s) => [s.from, s.to])])].sort((a, b) => a - b);
  const drawn = shown.text.replace(/\r(?!\n)/g, '\n'); // as long as it was, so that every offset holds
  const flow = make('div', {class: 'flow', id: 'flow', tabindex: '0', role: 'region', 'aria-label': shown.title});
  for (let i = 1; i < cuts.length; i += 1) {
    const piece = drawn.slice(cuts[i - 1], cuts[i]), over = placed.filter((s) => s.from <= cuts[i - 1] && s.to >= cuts[i]);
    const kinds = [...new Set(over.map((s) => s.kind))].join(' ');
    flow.append(over.length ? make(kinds.includes('proof') ? 'mark' : 'span', {class: kinds, 'data-from': cuts[i - 1]}, piece) : piece);
  }
  const top = $('text').scrollTop;
  $('text').replaceChildren(...[
    shown.start > 0 && act('quiet more', 'earlier', say('earlier')), flow, make('i', {id: 'caret', hidden: true}),
    shown.end < shown.total && act('quiet more', 'later', say('later'))].filter(Boolean));
  $('text').scrollTop = top;
  if (aim) {
    const from = String(inText(shown.aim));
    const target = [...flow.children].find((node) => node.dataset.from === from);
    if (target) $('text').scrollTop += target.getBoundingClientRect().top - $('text').getBoundingClientRect().top - $('text').clientHeight / 3;
    else $('text').scrollTop = 0;
  }
  offer();
}

// ---- picking evidence: the selection as an exact slice of the raw text -----
export function picked() {
  const flow = $('flow'), selection = getSelection();
  if (!flow || !shown || !selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  if (!range.intersectsNode(flow)) return null;
  const offset = (node, at, outside) => {
    if (!flow.contains(node)) return outside;
    const before = document.createRange();
    before.setStart(flow, 0);
    before.setEnd(node, at);
    return before.toString().length;
  };
  let from = offset(range.startContainer, range.startOffset, 0), to = offset(range.endContainer, range.endOffset, shown.text.length);
  const text = shown.text.slice(from, to);
  from += text.length - text.trimStart().length;
  to -= text.length - text.trimEnd().length;
  if (from >= to) return null;
  return {source: shown.source, title: shown.title, version: shown.version, text: shown.text.slice(from, to), times: 1,
    start: shown.start + points(shown.text, from), end: shown.start + points(shown.text, to)};
}

export function offer() {
  const spot = desk.pickable() ? picked() : null;
  $('pick').hidden = !spot;
  if (spot) $('picked').replaceChildren(make('b', {}, say('picked', {n: [...spot.text].length})), ' ', spot.text.slice(0, 60));
  drawCaret();
}

// Text that can't be edited has no caret of its own; this one moves as in an editor, and Shift selects.
export const STEPS = {ArrowLeft: ['left', 'character'], ArrowRight: ['right', 'character'], ArrowUp: ['backward', 'line'],
  ArrowDown: ['forward', 'line'], Home: ['backward', 'lineboundary'], End: ['forward', 'lineboundary']};

export function walk(event) {
  const flow = $('flow'), selection = getSelection();
  if (!selection.rangeCount || !flow.contains(selection.focusNode)) {
    const target = flow.querySelector('.proof,.hit') || flow;
    selection.collapse(target.firstChild || target, 0);
    if (!flow.querySelector('.proof,.hit')) toTop(selection, flow);
  } else {
    const [direction, unit] = STEPS[event.key], before = [selection.anchorNode, selection.anchorOffset, selection.focusNode, selection.focusOffset];
    selection.modify(event.shiftKey ? 'extend' : 'move', direction, unit === 'character' && (event.ctrlKey || event.altKey) ? 'word' : unit);
    if (!flow.contains(selection.focusNode)) selection.setBaseAndExtent(...before);
  }
  event.preventDefault();
  const place = focusRect(), box = $('text').getBoundingClientRect();
  if (place && place.top < box.top + 20) $('text').scrollTop -= box.top + 20 - place.top;
  if (place && place.bottom > box.bottom - 20) $('text').scrollTop += place.bottom - box.bottom + 20;
}

// the first character in view, so that the caret starts where one reads
function toTop(selection, flow) {
  const box = $('text').getBoundingClientRect(), x = flow.getBoundingClientRect().left + 4, y = Math.max(box.top, flow.getBoundingClientRect().top) + 12;
  const spot = document.caretPositionFromPoint ? document.caretPositionFromPoint(x, y) : null;
  const range = !spot && document.caretRangeFromPoint ? document.caretRangeFromPoint(x, y) : null;
  const node = spot ? spot.offsetNode : range && range.startContainer;
  if (node && flow.contains(node)) selection.collapse(node, spot ? spot.offset : range.startOffset);
}

function focusRect() {
  const selection = getSelection(), node = selection.focusNode;
  if (!node || !$('flow') || !$('flow').contains(node)) return null;
  const range = document.createRange();
  range.setStart(node, selection.focusOffset);
  const exact = range.getClientRects()[0];
  if (exact && exact.height) return exact;
  if (node.nodeType !== Node.TEXT_NODE) return null;
  // at a line's end there may be no rectangle of no width: that of the character beside it, then
  const back = selection.focusOffset === node.length && node.length > 0;
  if (!node.length) return null;
  range.setStart(node, back ? selection.focusOffset - 1 : selection.focusOffset);
  range.setEnd(node, back ? selection.focusOffset : selection.focusOffset + 1);
  const beside = range.getBoundingClientRect();
  return {left: back ? beside.right : beside.left, top: beside.top, bottom: beside.bottom, height: beside.height};
}

export function drawCaret() {
  const caret = $('caret');
  if (!caret) return;
  const place = document.activeElement === $('flow') ? focusRect() : null;
  caret.hidden = !place;
  if (!place) return;
  const box = $('text').getBoundingClientRect();
  caret.style.left = place.left - box.left + $('text').scrollLeft + 'px';
  caret.style.top = place.top - box.top + $('text').scrollTop + 'px';
  caret.style.height = place.height + 'px';
}
