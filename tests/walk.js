// walk.js: what walk.py asks of the page it has opened. Each answer is a list of the elements that fail.
const shown = (elements) => elements.slice(0, 5).map((one) => one.outerHTML.slice(0, 200));
const all = (selector) => [...document.querySelectorAll(selector)];

globalThis.walk = {
  unfold() {
    for (const one of all("details")) one.open = true;
  },

  // What reaches beyond the window, but not what only holds it.
  stickingOut() {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const scrolls = (one) => one && (getComputedStyle(one).overflowX !== "visible" || scrolls(one.parentElement));
    const reaches = (one) => one.getBoundingClientRect().right > width && !scrolls(one.parentElement);
    const wide = all("body *").filter(reaches);
    return shown(wide.filter((one) => ![...one.children].some((child) => wide.includes(child))));
  },

  headlessTables() {
    return shown(all("table").filter((one) => !one.querySelector("th") || one.querySelector("th:not([scope])")));
  },

  // After a press of Tab, whatever takes the focus must show it.
  unseenFocus() {
    document.activeElement.blur();
    const look = (one) => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
      return `${outlineStyle} ${outlineWidth} ${boxShadow}`;
    };
    const isUnseen = (one) => {
      const before = look(one);
      one.focus({ preventScroll: true });
      return document.activeElement === one && look(one) === before;
    };
    const controls = all("a[href], button, input, select, textarea, summary, [tabindex]");
    return shown(controls.filter((one) => one.checkVisibility() && one.tabIndex >= 0 && isUnseen(one)));
  },

  moving() {
    const styles = (one) => [null, "::before", "::after"].map((part) => getComputedStyle(one, part));
    const moves = ({ transitionDuration, animationName, scrollBehavior }) =>
      transitionDuration !== "0s" || animationName !== "none" || scrollBehavior === "smooth";
    return shown(all("*").filter((one) => styles(one).some(moves)));
  },
};
