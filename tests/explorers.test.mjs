// Compares one explorer's `numbers` with NumPy's, to 1e-9. VECTORS names a JSON file with
// { script, cases: [{ state, numbers }] }; tests/test_explorers.py writes it and runs this.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const { script, cases } = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));
const { default: widget, numbers } = await import(script);

function close(got, want, where) {
  if (Array.isArray(want)) {
    assert.equal(got.length, want.length, where);
    want.forEach((entry, i) => close(got[i], entry, `${where}[${i}]`));
  } else if (want === null) assert.equal(got, -Infinity, where);
  else if (typeof want === "number") {
    const gap = Math.abs(got - want);
    assert.ok(gap <= 1e-9 * Math.max(1, Math.abs(want)), `${where}: ${got} in the page, ${want} in NumPy`);
  } else assert.deepEqual(got, want, where);
}

cases.forEach(({ state, numbers: wanted }, i) =>
  test(`state ${i}`, () => {
    const got = numbers(state);
    for (const [name, value] of Object.entries(wanted)) close(got[name], value, name);
  }));

test("it can be shown", () => assert.equal(typeof widget.render, "function"));
