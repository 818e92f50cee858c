/* Puts into the page what the snippet of the setup page would, as its address says. */
(() => {
  'use strict';
  const set = new URLSearchParams(location.search);
  const page = document.documentElement;
  page.dataset.language = set.get('ui') === 'en' ? 'en' : 'zh';
  page.lang = page.dataset.language === 'en' ? 'en' : 'zh-CN';
  const kind = set.get('kind');
  const told = ['lang', 'title', 'color', 'theme', 'position', 'label', 'greeting', 'filter'].filter((name) => set.get(name)).map((name) => [name, set.get(name)]);
  if (kind === 'iframe') {
    const frame = document.createElement('iframe');
    frame.title = set.get('title') || '知引';
    frame.src = '../embed#' + new URLSearchParams(told);
    document.getElementById('place').append(frame);
    return;
  }
  const script = document.createElement('script');
  script.src = '../embed.js';
  for (const [name, value] of [['zhiyin', ''], ...told]) script.dataset[name] = value;
  if (kind === 'panel') Object.assign(script.dataset, {target: '#place', height: '460px'});
  document.body.append(script);
})();
