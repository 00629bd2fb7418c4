"""The built book: its numbers, and how it is used in a real browser with the network cut."""

import io

import pytest
from conftest import BOOK, VIEWS
from pages import PAGES, soup, words
from PIL import Image

pytestmark = pytest.mark.book

each_page = pytest.mark.parametrize("name", PAGES)

# What a reader must find on the page, as it is printed there.
NUMBERS = {
    "notebooks/02_query_key_value.html": [
        "(0, −1)",
        "1, 16, 2 and 1 add up to 20",
        "(2, −2) 2 4 16 16/20",
        "(0.2, 1.7)",
    ],
    "notebooks/03_from_a1_to_b1.html": [
        "16/20 = 0.80",
        "(0.2, 1.7)",
        "weights 1/20 4/5 1/10 1/20",
        "the true distance is 0.361",
        "0.9205",
        "(0.080, 1.887)",
        "16/19 2/19 1/19",
        "[0.048 0.808 0.097 0.048]",
        "[0.192 1.712]",
        "largest gap between weights: 0.0077",
    ],
    "notebooks/04_all_at_once.html": [
        "16, 1, 8, 16 over 41",
        "1, 1, 2, 4 over 8",
        "1, 1, 4, 16 over 22",
        "(40/41, 10/41)",
        "(1.25, 1.25)",
        "(18/11, 18/11)",
        "b₂ = (0.977, 0.240)",
        "b₄ = (1.648, 1.648)",
    ],
    "notebooks/05_matrix_form.html": [
        "[[0.05 0.8 0.1 0.05 ]",
        "[0.125 0.125 0.25 0.5 ]",
        "[1.25 1.25 ]",
        "b₁ = (0.2, 1.7)",
        "b₃ = (5/4, 5/4)",
        "(131/1649, 10549/8245)",
    ],
    "notebooks/06_scaled_dot_product.html": [
        "k₂ 2 1.414 4.113 0.808",
        "[0.192 1.712]",
        "d_k 4: 64/16 = 4",
        "128/137 8/137 1/274 1/274",
        "−1/8 3/16 −1/32 −1/32",
        "256 0.94 0.08 0.36 0.37",
    ],
    "notebooks/07_multi_head.html": [
        "8, 2, 2, 1 over 13",
        "1/25 16/25 4/25 4/25",
        "(15/25, 27/25) = (0.6, 1.08)",
        "(18/11, 18/11, 0.6, 1.08)",
        "(−2/9, 8/9)",
        "16 heads of 32: 1048576",
    ],
    "notebooks/08_positions.html": [
        "(0, 1.577)",
        "0.841 0.540 0.010 1.000",
        "dog bites man: dog [1.25 2. ]",
        "PE(40)·PE(42) = 0.584",
        "turned query (2, −1), scores [ 5. 5. -5. -5.]",
        "power times 32 8 64 4 1 77",
    ],
    "notebooks/09_masks_and_decoding.html": [
        "16/17, 1/17, 0, 0",
        "b_3 = 1/2 1/2 before: 5/4 5/4",
        "17/41 = 0.415",
        "17/29 = 0.586",
        "[0.75 0.75]",
        "256, 16, 1, 1 over 274",
    ],
    "notebooks/10_feed_forward.html": [
        "−1·0.2 + 1·1.7 1.5",
        "0 + 1.5 − 1.9 + 3.4 3",
        "-3/2 3/2 19/10 17/5",
        "-1.5 3.0 -3.0 3.0 0.0",
        "(−3, 3) instead of (−1.5, 3)",
        "block 3,152,384",
    ],
    "notebooks/11_residual_and_layernorm.html": [
        "by hand 5/3 -1/3 -1/3 -1",
        "36 / 4 = 9",
        "std 3.4641016",
        "(20/3, 5/3, 5/3, 0)",
        "torch norm_first = False",
        "after 4 layers: 0.0001",
    ],
    "notebooks/12_encoder_decoder.html": [
        "weights 1/25 16/25 4/25 4/25",
        "16/25 = 0.64",
        "(0.48, 1.68)",
        "[0.472 1.69 ]",
        "wrong b₁ [-0.831 0.887]",
        "T = 3: q (3, 2), k (4, 2)",
    ],
    "notebooks/13_machine_translation.html": [
        "tensor([0.6931, 1.3863, 2.0794]) mean 1.386",
        "35 German tokens, 34 English ones",
        "of 72 numbers: units look back 72, tens look ahead 72",
        "10: 'and ten'",
        "[0.133, 0.08, 0.025]",
        "3 layers, no residual 0.00 0.00 0.00",
    ],
    "notebooks/14_variants.html": [
        "1, 16, 2 19 (2/19, 32/19)",
        "prefix of 3 (2/19, 32/19) (8/25, -22/25) (1/2, 1/2) (18/11, 18/11)",
        "6 blocks of 12 heads, 22,565,376 weights",
        "fine-tuned 7,337: 0.866 7,337: 0.856 7,337: 0.862",
        "better than tf-idf by 0.026, 95%: [0.006 0.047]",
        "14 · 14 = 196",
    ],
    "notebooks/15_making_it_fast.html": [
        "all rows: 204 newest row: 36",
        "right: [-5. -1.83 1.83 5. ] forgotten: [5 5 5 5]",
        "share: 1572864 of 8650752 equal at N = 4608",
        "37,748,736",
        "total [1.25] output [0.2 1.7]",
        "400 tokens: counted 324 ×",
    ],
    "notebooks/16_looking_inside.html": [
        "1/1026, 1024/1026, 1/1026",
        "[0.031 0.001 0.001 0.965 0.001 0.001]",
        "[0.914 0.029 0.029 0.029]",
        "[0.333 0.333 0.335]",
        "[0.075, 0.825, 0, 0.1] → [0.2 1.7]",
        "two_layers 300 steps 0.96, at 40 0.46",
    ],
    "notebooks/17_bug_museum.html": [
        "21 wrong turns, with the shapes {(4, 2)}",
        "N = 2, d = 1: they differ",
        "[[0 0] [1 0]] buggy: [[0 1] [0 0]]",
        "without any mask: False",
        "1,428 numbers n with n % 7 == 4",
        "✗ exact_match: no whole number out of 1,428",
    ],
    "book/decoder_ring.html": [
        "attn_scores = queries @ keys.T",
        "A = K.T @ Q → A.T",
        "sdpa(q, k, v, attn_mask=keep)",
    ],
    "book/glossary.html": [
        "self-attention 自注意力機制",
        "residual connection 殘差連接",
    ],
    "notebooks/five_questions.html": [
        "[[ 1.667 -0.333 -0.333 -1. ]]",
        "1.4 1.8 2.1 2.3 2.5 2.7 2.9 3.1 3.2 3.3 3.5 3.6",
        "length of a position 16.0",
    ],
}


@pytest.mark.parametrize(("name", "numbers"), NUMBERS.items(), ids=NUMBERS)
def test_the_pages_show_the_numbers_of_the_pocket_example(name, numbers):
    text = words(soup(name))

    assert [number for number in numbers if number not in text] == []


@pytest.mark.parametrize("view", [*VIEWS.values(), {"forced_colors": "active"}], ids=[*VIEWS, "forced"])
def test_an_icon_is_seen(visit, address, view):
    page = visit(**view).open(address + "notebooks/03_from_a1_to_b1.html")

    picture = page.locator(".btn-fullscreen-button i").screenshot()

    light = Image.open(io.BytesIO(picture)).convert("L").getextrema()
    assert light[1] - light[0] > 100


def test_search_finds_a_page_and_marks_the_word(visit, address):
    seen = visit()
    page = seen.open(address + "notebooks/03_from_a1_to_b1.html")

    page.keyboard.press("Control+k")
    page.keyboard.type("positional")
    page.keyboard.press("Enter")
    page.locator("#search-results a", has_text="8 · Order").first.click()
    page.wait_for_load_state("networkidle")

    assert page.locator("article h1").inner_text().startswith("8 · Order")
    assert page.locator(".highlighted").count() > 0
    assert seen.errors == []


def test_b1_is_two_clicks_from_the_index_on_a_phone(visit, address):
    page = visit(width=390).open(address)
    page.wait_for_url("**/book/index.html")

    page.get_by_role("link", name="Go from").first.click()
    page.wait_for_selector('html[data-explorers="ready"]', state="attached")

    assert page.locator("article h1").first.inner_text().startswith("3 · From a₁ to b₁")
    assert page.locator('[data-explorer="a1-to-b1"]').is_visible()


@each_page
def test_a_page_works_from_a_folder(visit, name):
    seen = visit()

    page = seen.open((BOOK / name).as_uri())

    assert seen.foreign == []
    assert seen.errors == []
    assert page.locator("[data-explorer]").count() == page.locator('script[type$="widget-view+json"]').count()


def test_without_javascript_an_explorers_twin_is_shown(visit, address):
    page = visit(java_script_enabled=False).page
    page.goto(address + "notebooks/03_from_a1_to_b1.html")

    assert page.locator(".explorer-twin").first.is_visible()


def test_without_javascript_equations_are_seen(visit, address):
    page = visit(java_script_enabled=False).page
    page.goto(address + "notebooks/03_from_a1_to_b1.html")

    inline, display = page.locator("span.math .katex-html").first, page.locator("div.math .katex-html").first

    assert inline.is_visible()
    assert display.is_visible()
    assert display.bounding_box()["height"] > 40


def test_with_javascript_the_twin_steps_back_until_the_page_is_printed(visit, address):
    page = visit().open(address + "notebooks/03_from_a1_to_b1.html")
    assert not page.locator(".explorer-twin").first.is_visible()

    page.emulate_media(media="print")

    assert page.locator(".explorer-twin").first.is_visible()
    assert not page.locator(".tx").first.is_visible()
