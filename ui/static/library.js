/* Documents taken in and out, for administrators: in the list of documents. Texts go in as text nodes. */
(() => {
  'use strict';
  const page = window.zhiyin;
  const {words, make, both, say, fetchJson} = page;
  const files = new Map(); // name -> {row, state}: what was uploaded since the page was loaded
  let zone = null, status = null, rows = null, polling = false, taking = 0, known = null;

  page.documentsShown = async (body) => {
    let found;
    try { found = await fetchJson('./api/library'); } catch { return; }
    if (!found.admin || !body.isConnected || !body.querySelector('.documents, .note')) return;
    known = found;
    if (body.querySelector('.zone')) return;
    body.prepend(build());
    const uploads = new Set(found.uploads);
    for (const opener of body.querySelectorAll('.document')) decorate(opener, uploads);
    const list = body.querySelector('.documents');
    if (list) new MutationObserver(() => { for (const opener of list.querySelectorAll('.document')) decorate(opener, uploads); }).observe(list, {childList: true});
    told(found.job);
    if (found.job.running) poll();
  };

  function build() {
    const field = make('input', {type: 'file', multiple: '', class: 'sr', tabindex: '-1', accept: known.types.join(','), 'aria-label': say('upload_here')});
    zone = make('button', {type: 'button', class: 'zone'}, make('b', {}, both('upload_here')),
      make('small', {}, both('upload_types', {types: known.types.join(' '), mb: known.max_mb})));
    status = make('p', {class: 'note', role: 'status'});
    if (!taking) for (const name of known.unindexed) files.delete(name);
    rows = make('ul', {class: 'uploads'}, ...[...files.values()].map((f) => f.row));
    const again = make('button', {type: 'button', class: 'tool again'}, both('reindex'));
    again.hidden = !known.uploads.length;
    const left = taking ? [] : known.unindexed; // what is just coming in has its row above
    again.addEventListener('click', index);
    zone.addEventListener('click', () => field.click());
    field.addEventListener('change', () => { take([...field.files]); field.value = ''; });
    const over = (on) => (event) => { event.preventDefault(); zone.classList.toggle('is-over', on); };
    zone.addEventListener('dragenter', over(true));
    zone.addEventListener('dragover', over(true));
    zone.addEventListener('dragleave', over(false));
    zone.addEventListener('drop', (event) => { over(false)(event); take([...event.dataTransfer.files]); });
    const waiting = left.length ? [make('ul', {class: 'unindexed'}, ...left.map(unindexed))] : [];
    return make('section', {class: 'manage'}, zone, field, rows, ...waiting, status, again);
  }

  // An upload that the index does not hold: its build was cut off, or failed.
  function unindexed(source) {
    const item = make('li', {}, make('span', {class: 'name'}, source), make('span', {class: 'state'}, both('not_indexed')));
    item.append(dropper(item, source, source));
    return item;
  }

  // A file that misses the zone must not replace the page.
  for (const kind of ['dragover', 'drop']) document.addEventListener(kind, (event) => { if ([...event.dataTransfer.types].includes('Files')) event.preventDefault(); });

  function decorate(opener, uploads) {
    const item = opener.parentElement;
    if (item.querySelector('.drop')) return;
    const {document: source, name} = opener.dataset;
    if (uploads.has(source)) opener.querySelector('.meta').append(make('span', {}, both('uploaded')));
    item.append(dropper(item, source, name));
  }

  function dropper(item, source, name) {
    const drop = make('button', {type: 'button', class: 'drop', 'data-label-zh': words.remove_document[0].replace('{title}', name),
      'data-label-en': words.remove_document[1].replace('{title}', name), 'aria-label': say('remove_document', {title: name})}, make('span', {class: 'cross', 'aria-hidden': 'true'}));
    drop.addEventListener('click', () => sure(item, source, drop));
    return drop;
  }

  function sure(item, source, drop) {
    const old = item.querySelector('.sure');
    if (old) { old.remove(); return; }
    const yes = make('button', {type: 'button', class: 'solid'}, both('delete')), no = make('button', {type: 'button', class: 'tool'}, both('cancel'));
    const box = make('div', {class: 'sure', role: 'group'}, make('p', {}, both('remove_sure')), make('div', {class: 'why-foot'}, no, yes));
    no.addEventListener('click', () => { box.remove(); drop.focus(); });
    yes.addEventListener('click', async () => {
      yes.disabled = true;
      try {
        told((await fetchJson('./api/library/files?' + new URLSearchParams({source}), {method: 'DELETE'})).job);
        files.delete(source);
        poll();
      } catch (error) { box.append(make('p', {role: 'alert', class: 'note'}, error.message)); yes.disabled = false; }
    });
    item.append(box);
    yes.focus();
  }

  async function take(chosen) {
    let any = false;
    for (const file of chosen) files.set(file.name, fresh(file.name));
    rows.replaceChildren(...[...files.values()].map((f) => f.row));
    taking += 1;
    for (const file of chosen) any = (await upload(file)) || any;
    if (any) await index();
    taking -= 1;
  }

  function fresh(name) {
    const state = make('span', {class: 'state'}, both('waiting')), bar = make('progress', {max: '100', value: '0', 'aria-label': name});
    return {state, bar, row: make('li', {}, make('span', {class: 'name'}, name), state, bar)};
  }

  function say_of(name, key, values, kind) {
    const file = files.get(name);
    if (!file) return;
    file.state.replaceChildren(both(key, values));
    file.row.className = kind || '';
    if (kind) file.bar.remove();
  }

  function upload(file) {
    return new Promise((resolve) => {
      const end = (status, body) => {
        if (status === 200) {
          if (body.name !== file.name) { files.set(body.name, files.get(file.name)); files.delete(file.name); }
          say_of(body.name, 'waiting');
        } else say_of(file.name, 'file_refused', {reason: body.error || String(status)}, 'bad');
        resolve(status === 200);
      };
      if (file.size > known.max_mb * 1024 * 1024) { end(413, {error: '> ' + known.max_mb + ' MB'}); return; }
      const request = new XMLHttpRequest();
      request.open('PUT', './api/library/files?' + new URLSearchParams({name: file.name}));
      request.upload.onprogress = (event) => {
        const share = event.total ? Math.round(100 * event.loaded / event.total) : 0;
        const entry = files.get(file.name);
        if (entry) { entry.bar.value = share; entry.state.replaceChildren(both('uploading', {n: share})); }
      };
      request.onload = () => { let body = {}; try { body = JSON.parse(request.responseText); } catch { /* the status says enough */ } end(request.status, body); };
      request.onerror = () => end(0, {error: say('offline')});
      request.send(file);
    });
  }

  async function index() {
    try { told((await fetchJson('./api/library/index', {method: 'POST'})).job); poll(); }
    catch (error) { status.replaceChildren(error.message); }
  }

  function told(job) {
    if (!status) return;
    if (job.running) status.replaceChildren(both('indexing', {stage: say('stage_' + (job.stage || 'read')), done: job.done, total: job.total || '\u2026'}));
    else if (job.error) status.replaceChildren(both('index_failed', {reason: job.error}));
    else if (job.result) {
      status.replaceChildren(both('index_done'));
      const {added, changed, unchanged = [], skipped, notes = []} = job.result;
      for (const [names, key] of [[added, 'file_added'], [changed, 'file_changed'], [unchanged, 'file_unchanged']]) for (const name of names) say_of(name, key, {}, 'good');
      for (const [name, note] of notes) say_of(name, 'file_note', {note}, 'doubt');
      for (const [name, reason] of skipped) say_of(name, 'file_refused', {reason}, 'bad');
    }
  }

  async function poll() {
    if (polling) return;
    polling = true;
    let job = null;
    do {
      await new Promise((resolve) => setTimeout(resolve, 500));
      try { job = (await fetchJson('./api/library')).job; told(job); } catch { break; }
    } while (job && job.running);
    polling = false;
    const shown = status && status.isConnected && !status.closest('[hidden]'); // a closed panel stays closed
    if (shown) await page.reloadDocuments();
    else fetchJson('./api/documents').then((found) => page.count(found.documents), () => { /* counted when the list is opened */ });
  }
})();
