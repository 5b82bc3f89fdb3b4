"""Verbs of which only the names are known until one is asked: its module is imported then."""

from __future__ import annotations

import json
from functools import cache
from importlib import import_module, resources
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from attending.cli.rubbish import none_sought
from attending.cli.verbs import NOUNS, VERBS

if TYPE_CHECKING:
    from collections.abc import Callable

#: What of a verb its own function says.
_ITS_OWN = ("callback", "help", "params")


def verb_of(place: str) -> Callable[..., None]:
    """Return the function of a verb, from its module.

    Args:
        place: module and function, such as `cohort.cohort_build`.
    """
    module, _, name = place.partition(".")
    with none_sought():
        found: Callable[..., None] = getattr(import_module(f"attending.cli.{module}"), name)
    return found


@cache
def _short_help() -> dict[str, str]:
    """Return the first sentence of each verb's help, as `make docs` wrote it down."""
    text = resources.files("attending.cli").joinpath("short_help.json").read_text("utf-8")
    found: dict[str, str] = json.loads(text)
    return found


class LateVerb(TyperCommand):
    """A verb that is run, or tells its help and options, by a module that is imported then.

    Args:
        words: the whole verb, such as `cohort build`.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words.rpartition(" ")[2])
        self._words = words
        for name in (*_ITS_OWN, "short_help"):
            del self.__dict__[name]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - typer's, of each attribute its own
        """Return what is not known yet, and know it from now on."""
        if name == "short_help":
            self.short_help = _short_help().get(self._words)
        elif name in _ITS_OWN:
            whole = _whole(str(self.name), verb_of(VERBS[self._words]))
            self.__dict__.update({one: getattr(whole, one) for one in _ITS_OWN})
        else:
            raise AttributeError(name)
        return self.__dict__[name]


def _whole(name: str, verb: Callable[..., None]) -> Any:  # noqa: ANN401 - click's, which typer wraps
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name)(verb)
    return typer.main.get_command(alone)


class EveryVerb(TyperGroup):
    """The command line with every noun and verb of the table."""

    def __init__(self, **said: Any) -> None:  # noqa: ANN401 - typer's own arguments, passed on
        super().__init__(**said)
        groups: dict[str, TyperGroup] = {"": self}
        for noun, about in NOUNS.items():
            name = noun.rpartition(" ")[2]
            groups[noun] = TyperGroup(name=name, help=about, no_args_is_help=True)
        for words in VERBS:
            groups[words.rpartition(" ")[0]].add_command(LateVerb(words))
        for noun in NOUNS:  # in help, after the verbs
            groups[noun.rpartition(" ")[0]].add_command(groups[noun])
