// core.js: the arithmetic of attention. Pure functions, no page, no imports.
// Rows are positions, as in steps.py; a matrix W multiplies from the left, q = W a.

export const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);

export const transpose = (matrix) => matrix[0].map((_, j) => matrix.map((row) => row[j]));

export const project = (a, w) => a.map((vector) => w.map((row) => dot(row, vector)));

export function softmax(scores, base = Math.E, temperature = 1) {
  const exponents = scores.map((x) => (x * Math.log(base)) / temperature);
  const top = Math.max(...exponents);
  const powers = exponents.map((x) => Math.exp(x - top)); // exp(-Infinity) is 0
  const total = powers.reduce((sum, x) => sum + x, 0);
  return powers.map((x) => x / total);
}

// allowed[i][j] is true where query i may look at key j; everything, if left out.
export function attention(q, k, v, { base = Math.E, scaled = true, allowed } = {}) {
  const scale = scaled ? Math.sqrt(k[0].length) : 1;
  const scores = q.map((query, i) =>
    k.map((key, j) => (allowed && !allowed[i][j] ? -Infinity : dot(query, key) / scale)));
  const weights = scores.map((row) => softmax(row, base));
  const columns = transpose(v);
  const output = weights.map((row) => columns.map((column) => dot(row, column)));
  return { q, k, v, scores, weights, output };
}

export const selfAttention = (a, wQ, wK, wV, how) =>
  attention(project(a, wQ), project(a, wK), project(a, wV), how);

// Numbers as the library's style.py prints them: a true minus, no minus zero.
export const fmt = (x, digits = 2) =>
  x === -Infinity
    ? "−∞"
    : (Math.abs(x) < 0.5 * 10 ** -digits ? 0 : x).toFixed(digits).replace("-", "−");

// As few digits as say it: 2 stays "2", 0.05 stays "0.05".
export const short = (x, digits = 3) =>
  x === -Infinity ? "−∞" : fmt(x, digits).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");

// A share of 1, which softmax never makes quite 0 or 1.
export const share = (x) =>
  x > 0 && x < 0.0005 ? "<0.001" : x < 1 && x > 0.9995 ? ">0.999" : short(x);

export const vector = (x, digits = 3) => `(${x.map((value) => short(value, digits)).join(", ")})`;

export const sub = (letter, ...indices) =>
  letter + indices.map((i) => [...String(i)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join("")).join(",");
