/* What every part of the review page uses: words, elements, requests, drafts.
   Every text goes in as a text node; nothing here builds HTML from a string. */
const words = window.reviewTexts;
export const $ = (id) => document.getElementById(id);
export const has = (key) => key in words;
export const say = (key, values = {}) => Object.entries(values).reduce((out, [name, value]) => out.split('{' + name + '}').join(String(value)), words[key]);

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'class') node.className = value; else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
export const act = (kind, name, text, data = {}) => make('button', {type: 'button', class: kind, 'data-act': name, ...data}, text);

export async function call(path, body) {
  const options = body === undefined ? {} : {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(body)};
  let response;
  try { response = await fetch('./api/' + path, options); } catch { throw new Error(say('offline')); }
  let value = {};
  try { value = await response.json(); } catch { /* not JSON: the status says enough */ }
  if (!response.ok) throw Object.assign(new Error(value.error || String(response.status)), {status: response.status});
  return value;
}

export function notice(text, kind = 'status') {
  $('notice').replaceChildren(text);
  $('notice').setAttribute('role', kind);
  $('notice').className = kind;
}

// What is typed survives a reload, until it is decided.
export const drafts = {
  get(key) { try { return JSON.parse(sessionStorage.getItem('review-' + key)); } catch { return null; } },
  set(key, value) { try { sessionStorage.setItem('review-' + key, JSON.stringify(value)); } catch { /* private window */ } },
  drop(key) { try { sessionStorage.removeItem('review-' + key); } catch { /* private window */ } },
};
