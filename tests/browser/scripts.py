"""What a browser is asked about a page: how each tile looks, and what is wrong for who sees or reaches it badly."""

#: Class, word and computed colour of everything that shows a level.
LOOKS = """
[...document.querySelectorAll('[data-athlete]')].map(tile => {
  const word = tile.querySelector('.word');
  return [tile.dataset.athlete, tile.className.replace(/.*tone-(\\w+).*/, '$1'), word.textContent,
          getComputedStyle(word).color, getComputedStyle(tile.querySelector('.shape')).color,
          tile.querySelector('.shape').innerHTML.match(/circle|M6 .6|M6 .8/)[0],
          tile.querySelector('.shape').innerHTML.includes('dasharray'),
          tile.querySelector('.shape').innerHTML.includes('fill="none"')];
})
"""

#: Contrast, names, targets, ids, landmarks: one sentence for each thing that is wrong.
ACCESSIBLE = """
() => {
  const wrong = [];
  const channel = c => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const parse = s => { const n = s.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const over = (top, under) => top.slice(0, 3).map((c, i) => c * top[3] + under[i] * (1 - top[3]));
  const behind = el => {
    const layers = [];
    for (let e = el; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      const gradient = style.backgroundImage.match(/rgba?\\([^)]*\\)/);
      if (gradient) { layers.push(parse(gradient[0])); break; }
      const c = parse(style.backgroundColor);
      if (c[3] > 0) layers.push(c);
      if (c[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [11, 15, 20]);
  };
  const seen = el => el.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && !el.closest('.hidden');
  for (const el of document.querySelectorAll('body *')) {
    if (!seen(el) || ![...el.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    if (el.closest('svg, [disabled], option, .rn.stale .v, script')) continue;
    const style = getComputedStyle(el), bg = behind(el), fg = over(parse(style.color), bg);
    const [a, b] = [light(fg), light(bg)].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && +style.fontWeight >= 700);
    const what = `${el.className} "${el.textContent.slice(0, 30)}"`;
    if (ratio < (large ? 3 : 4.5)) wrong.push(`contrast ${ratio.toFixed(2)}: ${what}`);
  }
  for (const el of document.querySelectorAll('button, a[href], input, select')) {
    if (!seen(el)) continue;
    const name = el.getAttribute('aria-label') || el.labels?.[0]?.textContent || el.textContent;
    if (!name?.trim()) wrong.push(`no name: ${el.outerHTML.slice(0, 80)}`);
    const box = el.getBoundingClientRect();
    if (innerWidth < 600 && el.matches('button') && box.height < 36) wrong.push(`small target ${box.height}: ${name}`);
  }
  for (const el of document.querySelectorAll('svg')) {
    const silent = el.getAttribute('aria-hidden') === 'true' || el.getAttribute('aria-label');
    if (seen(el) && !silent) wrong.push('svg without a name');
  }
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  if (new Set(ids).size !== ids.length) wrong.push('an id stands twice');
  if (!document.querySelector('h1') || document.querySelectorAll('main').length !== 1) wrong.push('h1 or main');
  if (document.documentElement.lang !== 'en' || !document.title) wrong.push('lang or title');
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('scrolls sideways');
  return wrong;
}
"""
