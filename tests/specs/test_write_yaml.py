"""Items are put into the list of a spec, and every other line stays as it was written."""

from __future__ import annotations

import pytest

from attending.errors import BadInput
from attending.specs.write_yaml import with_items

TEXT = """\
# Agreed with the ward
version: 1.10
list:
  - {name: no, n: 012}  # as the laboratory writes it
  # Results
  - name: b
    label: B

  # The end
  - name: c
    of:
      - {op: sum}
      # nothing more
other: yes
"""


def test_an_item_is_replaced_where_it_stands_and_all_other_text_stays():
    got = with_items(TEXT, [{"name": "b", "label": "1"}], under="list")
    assert got == TEXT.replace("label: B", "label: '1'")
    got = with_items(TEXT, [{"name": "c"}], under="list")
    assert got == TEXT.replace("    of:\n      - {op: sum}\n", "")


def test_a_new_item_comes_before_what_needs_it_and_else_at_the_end():
    got = with_items(TEXT, [{"name": "n"}, {"name": "b"}, {"name": "z"}], under="list")
    names = [line.split("name: ")[1] for line in got.splitlines() if "name: " in line]
    assert names == ["no, n: 012}  # as the laboratory writes it", "n", "b", "c", "z"]
    assert with_items("list:\n- name: a", [{"name": "b"}], under="list") == (
        "list:\n- name: a\n- name: b\n"
    )


@pytest.mark.parametrize("text", ["list: [{name: a}]", "list:\n  -\n    name: a\n", "list: []"])
def test_a_list_that_is_not_one_item_below_the_other_is_refused(text):
    with pytest.raises(BadInput, match=r"hyphen|below the other"):
        with_items(text, [{"name": "b"}], under="list")
