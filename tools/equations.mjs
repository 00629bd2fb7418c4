// equations.mjs: sets formulas with KaTeX, one line in, one line out, until its input ends.
import { createInterface } from "node:readline";
import katex from "katex";

function set([tex, displayMode]) {
  try {
    return { html: katex.renderToString(tex, { displayMode, strict: "error" }) };
  } catch (error) {
    return { error: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(set(JSON.parse(line))));
