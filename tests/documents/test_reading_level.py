from __future__ import annotations

import pytest

from attending.documents.reading_level import grade
from attending.errors import BadInput


def test_the_grade_of_a_published_example():
    # 13 words, 24 syllables: 11.3, in the article on the tests in Wikipedia.
    text = "The Australian platypus is seemingly a hybrid of a mammal and reptilian creature."
    assert grade(text) == pytest.approx(0.39 * 13 + 11.8 * 24 / 13 - 15.59)
    assert round(grade(text), 1) == 11.3


def test_shorter_sentences_read_more_easily():
    assert grade("A nurse calls. You talk.") < grade("A nurse calls and you talk.")
    with pytest.raises(BadInput):
        grade(" . ")
