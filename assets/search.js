// search.js: the search page. It indexes PAGES, written by transformer_lib/book/search.py, with MiniSearch.
"use strict";

const GREEK = {
  ...{ α: "alpha", β: "beta", δ: "delta", ε: "epsilon", θ: "theta", μ: "mu", π: "pi", σ: "sigma" },
  ...{ τ: "tau", φ: "phi", ω: "omega" },
};

// Text and queries are cut alike: √d_k is "sqrt" and "dk", α′ "alpha" and "prime", b₁ and b_1 "b1".
function words(text) {
  const plain = text
    .normalize("NFKD") // ₁ is a 1, ᵀ a T
    .toLowerCase()
    .replace(/(?<=[α-ω]|(?<!\p{L})[a-z])'(?!\p{L})|′/gu, " prime ")
    .replace(/√/g, " sqrt ")
    .replace(/[α-ω]/g, (letter) => ` ${GREEK[letter] ?? letter} `)
    .replace(/(?<![\p{L}\p{N}])(\p{L})[_^]\{?(?=[\p{L}\p{N}])/gu, "$1"); // a letter and its index
  return plain.match(/\p{Script=Han}|[\p{L}\p{N}]+/gu) ?? []; // each Chinese character is a word
}

const PER_PAGE = 3; // sections shown of one page
const SNIPPET = 30; // words shown of one section

// The name tells Sphinx's highlighter that this is the search page.
const Search = new MiniSearch({
  fields: ["title", "terms", "page", "text", "more"],
  tokenize: words,
  processTerm: (word) => word,
  searchOptions: {
    boost: { title: 4, terms: 3, page: 2, text: 1, more: 0.2 },
    prefix: (word) => word.length > 2,
    fuzzy: (word) => (word.length > 4 ? 0.2 : false),
    weights: { prefix: 0.6, fuzzy: 0.2 },
  },
});

const PARTS = PAGES.flatMap(([path, page, beside, parts]) =>
  parts.map(([anchor, title, text, more, terms]) => ({ path, page, beside, anchor, title, text, more, terms })),
);
const found = (id) => PARTS[id];
Search.addAll(PARTS.map((part, id) => ({ ...part, id, page: part.anchor ? part.page : "" })));

/** What weighs more: a section that the index of terms names for these very words; less: a page beside. */
function weigh(query) {
  const asked = words(query).join(" ");
  const named = (terms) => terms.split("; ").some((term) => words(term).join(" ") === asked);
  return (id) => (found(id).beside ? 0.4 : 1) * (named(found(id).terms) ? 2 : 1);
}

/** The pages that have all words of a query, or else some, best first, each with its best parts. */
function ask(query) {
  const boostDocument = weigh(query);
  const all = Search.search(query, { combineWith: "AND", boostDocument });
  const results = all.length ? all : Search.search(query, { boostDocument });
  const pages = new Map();
  for (const result of results) {
    const { path } = found(result.id);
    pages.set(path, [...(pages.get(path) ?? []), result].slice(0, PER_PAGE));
  }
  return { pages: [...pages.values()], partly: !all.length };
}

/** The stretch of a text that has most of the words, and which of its words they are. */
function snippet(text, wanted) {
  const pieces = text.split(" ");
  const hits = pieces.map((piece) => words(piece).filter((word) => wanted.has(word)));
  const worth = (start) => new Set(hits.slice(start, start + SNIPPET - 5).flat()).size;
  const best = pieces.reduce((best, _, at) => (hits[at].length && worth(at) > worth(best) ? at : best), 0);
  const from = Math.max(0, best - 5);
  const to = from + SNIPPET;
  const shown = pieces.slice(from, to).map((piece, at) => ({ piece, hit: hits[from + at].length > 0 }));
  return { shown, before: from > 0 ? "… " : "", after: to < pieces.length ? "…" : "" };
}

// ---- page

const [field] = document.querySelectorAll("main input[name=q]");
const list = document.getElementById("search-results");
const told = document.getElementById("search-told");

/** An element with its children, strings as text. */
function make(tag, attributes, ...children) {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
}

/** A word that was found, without the comma or full stop behind it. */
function mark(piece) {
  const [, word, rest] = piece.match(/^(.*?)([.,;:?!)’”]*)$/u);
  return [make("mark", {}, word), `${rest} `];
}

function marked(title, wanted) {
  const isFound = (piece) => words(piece).some((word) => wanted.has(word));
  return title.split(" ").flatMap((piece) => (isFound(piece) ? mark(piece) : [piece, " "]));
}

function line(part, wanted) {
  const { shown, before, after } = snippet(part.text, wanted);
  return make("p", {}, before, ...shown.flatMap(({ piece, hit }) => (hit ? mark(piece) : [piece, " "])), after);
}

function result({ id, terms }) {
  const part = found(id);
  const wanted = new Set(terms);
  const href = `${part.path}.html${part.anchor && "#"}${part.anchor}`;
  return make("li", {}, make("a", { href }, ...marked(part.title, wanted)), line(part, wanted));
}

function page(results) {
  const { path, page } = found(results[0].id);
  const parts = results.filter(({ id }) => found(id).anchor);
  const own = results.find(({ id }) => !found(id).anchor);
  const heading = make("h2", {}, make("a", { href: `${path}.html` }, page));
  const about = own ? [line(found(own.id), new Set(own.terms))] : [];
  return make("li", {}, heading, ...about, make("ul", {}, ...parts.map(result)));
}

function show() {
  const query = field.value.trim();
  const { pages, partly } = query ? ask(query) : { pages: [] };
  list.replaceChildren(...pages.map(page));
  document.getElementById("search-ideas").hidden = query;
  const count = pages.length === 1 ? "1 page has" : `${pages.length} pages have`;
  told.textContent = !query ? "" : !pages.length ? "No page has these words." : partly ? `No page has all of these words; ${count} some.` : `${count} these words.`;
  localStorage.sphinx_highlight_terms = query.toLowerCase(); // the page that is opened marks them
}

const asked = new URLSearchParams(location.search).get("q") ?? "";
for (const input of document.querySelectorAll("input[name=q]")) input.value = asked;
field.addEventListener("input", show);
show();
