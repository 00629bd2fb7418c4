"""The course's tasks, each small enough to learn on a laptop, and what turns them into batches.

Token 0 is padding in every task. Random draws take a torch Generator, or a seed where the draw is a
split, so that the same call gives the same data.
"""

from transformer_lib.data.batches import Pairs, batches, pad, trimmed
from transformer_lib.data.number_words import NumberWords, balanced, english, german, number_words
from transformer_lib.data.sentiment import Sentiment, Snippets, fetch_sentiment, read_sentiment, sentiment
from transformer_lib.data.sequences import RECALL_VOCAB_SIZE, Recall, Repeated, recall, repeated
from transformer_lib.data.text import Text, plays, read_play, text, windows
from transformer_lib.data.vocabulary import END, PAD, START, Vocabulary

__all__ = [
    "END",
    "PAD",
    "RECALL_VOCAB_SIZE",
    "START",
    "NumberWords",
    "Pairs",
    "Recall",
    "Repeated",
    "Sentiment",
    "Snippets",
    "Text",
    "Vocabulary",
    "balanced",
    "batches",
    "english",
    "fetch_sentiment",
    "german",
    "number_words",
    "pad",
    "plays",
    "read_play",
    "read_sentiment",
    "recall",
    "repeated",
    "sentiment",
    "text",
    "trimmed",
    "windows",
]
