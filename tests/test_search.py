"""The search finds words, symbols and Chinese terms; from a folder too, and with the network cut."""

import gzip
import json
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import BOOK, VIEWS
from docutils import nodes
from docutils.utils import new_document

from transformer_lib.book.search import Part, parts

built = pytest.mark.book
RESULTS = "#search-results > li > h2 > a"

QUERIES = {
    "softmax": "notebooks/00_start_here",
    "√d_k": "notebooks/06_scaled_dot_product",
    "sqrt d_k": "notebooks/06_scaled_dot_product",
    "why divide by": "notebooks/06_scaled_dot_product",
    "α′": "book/notation",
    "alpha prime": "book/notation",
    "α'": "book/glossary",
    "LayerNorm before or after": "notebooks/11_residual_and_layernorm",
    "before or after layernorm": "notebooks/five_questions",
    "b₁": "notebooks/03_from_a1_to_b1",
    "b1": "notebooks/03_from_a1_to_b1",
    "b_1": "notebooks/03_from_a1_to_b1",
    "W^q": "notebooks/02_query_key_value",
    "W_q": "book/notation",
    "QKᵀ": "book/one_page",
    "KV cache": "notebooks/15_making_it_fast",
    "causal mask": "notebooks/09_masks_and_decoding",
    "自注意力": "book/glossary",
    "自注意力機制": "notebooks/02_query_key_value",
    "殘差連接": "notebooks/11_residual_and_layernorm",
    "BERT": "notebooks/14_variants",
    "teacher forcing": "notebooks/09_masks_and_decoding",
    "positional encodng": "notebooks/08_positions",
    "exercise 3.2": "notebooks/03_from_a1_to_b1",
    "scaled_dot_product_attention": "notebooks/06_scaled_dot_product",
}


def found(page):
    """The pages among the first three results."""
    return [link.get_attribute("href").removesuffix(".html") for link in page.locator(RESULTS).all()[:3]]


@pytest.fixture
def ask(visit, book):
    """Ask the search page as it lies in the folder."""

    def start(query, **view):
        seen = visit(**view)
        seen.open(f"{(book / 'search.html').as_uri()}?q={quote(query)}")
        return seen

    return start


@built
@pytest.mark.parametrize(("query", "wanted"), QUERIES.items(), ids=QUERIES)
def test_a_query_finds_its_page_among_the_first_three(ask, query, wanted):
    seen = ask(query)

    assert wanted in found(seen.page)
    assert seen.errors == []
    assert seen.foreign == []


@built
def test_a_result_leads_to_its_section_and_shows_what_was_found(ask):
    page = ask("Leaving out only renormalises").page

    result = page.locator("#search-results li li").first
    assert result.locator("mark").count() > 0
    result.get_by_role("link").click()
    page.wait_for_url("**/03_from_a1_to_b1.html#proposition-3-2")

    assert page.locator("#proposition-3-2 h3").is_visible()
    assert page.locator(".highlighted").count() > 0


@built
def test_the_dialog_of_a_chapter_leads_to_the_search(visit, book):
    seen = visit()
    page = seen.open((book / "notebooks" / "05_matrix_form.html").as_uri())

    page.keyboard.press("Control+k")
    page.keyboard.type("KV cache")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=KV+cache")

    assert "notebooks/15_making_it_fast" in found(page)
    assert seen.errors == []


@built
def test_the_results_follow_what_is_typed(ask):
    page = ask("softmax").page

    page.locator("main input[name=q]").fill("beam search")

    assert found(page)[0] == "notebooks/13_machine_translation"


@built
def test_a_query_that_no_section_answers_whole_is_answered_in_part(ask):
    page = ask("zebra causal mask").page

    assert page.get_by_role("status").inner_text().startswith("No page has all of these words")
    assert "notebooks/09_masks_and_decoding" in found(page)


@built
def test_a_word_that_is_nowhere_is_said_to_be_nowhere(ask):
    page = ask("xylophones").page

    assert page.get_by_role("status").inner_text() == "No page has these words."
    assert page.locator(RESULTS).count() == 0


@built
def test_without_javascript_the_search_page_names_the_index_of_terms(visit, address):
    page = visit(java_script_enabled=False).page
    page.goto(address + "search.html")

    page.get_by_role("link", name="index of terms", exact=True).click()

    assert page.locator("article h1").inner_text().startswith("Index of terms")


@built
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_axe_finds_nothing_on_the_search_page(visit, address, view):
    page = visit(**view, bypass_csp=True).open(f"{address}search.html?q=softmax")
    page.locator(RESULTS).first.wait_for()

    found = Axe().run(page).response["violations"]

    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@built
def test_what_is_searched_is_light_and_no_other_page_loads_it(visit, address):
    asked, seen = [], visit()
    seen.page.on("request", lambda request: asked.append(request.url))

    seen.open(address + "notebooks/03_from_a1_to_b1.html").wait_for_load_state("networkidle")

    assert [url for url in asked if "search" in url] == []
    files = [BOOK / "_static" / name for name in ("search_pages.js", "search.js", "minisearch.js")]
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= 260_000


@built
def test_what_a_result_shows_is_text_and_not_tex():
    written = (BOOK / "_static" / "search_pages.js").read_text("utf-8")
    pages = json.loads(written.removeprefix("const PAGES = ").removesuffix(";\n"))
    chapters = [part for name, _, _, some in pages if not name.startswith("book/api/") for part in some]

    assert len(chapters) > 500
    assert [anchor for anchor, title, text, *_ in chapters if set("\\$") & set(title + text)] == []


def page(*children):
    document = new_document("a page")
    document += nodes.section("", nodes.title(text="A chapter"), *children, ids=["a-chapter"])
    return document


def test_a_page_is_cut_at_its_sections():
    inner = nodes.section("", nodes.title(text="Step 1"), nodes.paragraph(text="Ask."), ids=["step-1"])

    cut = parts(page(nodes.paragraph(text="First\nof all."), inner))

    assert cut == [Part("", "A chapter", "First of all.", ""), Part("step-1", "Step 1", "Ask.", "")]


def test_a_term_of_the_glossary_is_a_part_of_its_own():
    term = nodes.term("", "", nodes.inline("", "softmax", ids=["softmax"]))
    entry = nodes.definition_list_item("", term, nodes.definition("", nodes.paragraph(text="Makes weights.")))

    cut = parts(page(nodes.definition_list("", entry)))

    assert cut[1] == Part("softmax", "softmax", "Makes weights.", "")


def test_a_formula_is_found_as_it_is_read():
    words = nodes.paragraph("", "", nodes.Text("Divide by "), nodes.math("", r"\sqrt{d_k}"), nodes.Text("."))

    assert parts(page(words))[0].text == "Divide by √d_k."


def test_code_and_what_is_folded_away_is_found_but_not_shown():
    fold = nodes.raw("", "<details>\n<summary>Solution</summary>", format="html")
    close = nodes.raw("", "</details>", format="html")
    code = nodes.literal_block("", "answer = 42")

    (cut,) = parts(
        page(code, fold, nodes.paragraph(text="Divide twice."), close, nodes.paragraph(text="Next."))
    )

    assert cut.text == "Next."
    assert cut.more == "answer = 42 Divide twice."
