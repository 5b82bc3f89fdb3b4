"""A file of codes: named, versioned, owned, and told exactly how each code is matched.

Codes are written as events hold them. Nothing is mended: a dot, a small letter or a lost zero is
refused, for `250.0` and `250` are not the same disease. Examples in the file say what codes must
show, so that an edit that changes their meaning is seen at once.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from attending.digests import digest_of
from attending.errors import BadInput, did_you_mean
from attending.specs.base import Spec

if TYPE_CHECKING:
    from collections.abc import Iterable

Match: TypeAlias = Literal["exact", "prefix"]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=2000)]
Word: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
#: Codes whose classes are kept once they were asked for.
_MOST_KEPT = 1 << 14
#: Small letters, digits and underscores, a letter first.
Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]

#: How codes of a vocabulary are written in events, and what to do about others.
_SHAPES: dict[str, tuple[re.Pattern[str], str]] = {
    "ICD9CM": (
        re.compile(r"[0-9]{3}[0-9]{0,2}|V[0-9]{2}[0-9]{0,2}|E[0-9]{3}[0-9]?"),
        "ICD-9-CM codes have no dot and all their zeros: 042, 2500, V420",
    ),
    "ICD10CM": (
        re.compile(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}"),
        "ICD-10-CM codes have no dot, capital letters and three signs or more: I252",
    ),
    "ICD9PROC": (
        re.compile(r"[0-9]{2}[0-9]{0,2}"),
        "ICD-9 procedure codes have no dot and all their zeros: 0066",
    ),
    "ICD10PCS": (re.compile(r"[0-9A-HJ-NP-Z]{1,7}"), "ICD-10-PCS codes have capital letters"),
}


class Codes(Spec):
    """Codes of one vocabulary, all matched in the same way.

    Attributes:
        vocabulary: the first part of event codes, such as ICD10CM.
        match: `exact` takes the code alone, `prefix` also what starts with it.
        codes: as events write them.
    """

    vocabulary: Word
    match: Match
    codes: Annotated[tuple[Word, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _as_written(self) -> Codes:
        shape, told = _SHAPES.get(self.vocabulary, (None, ""))
        for code in self.codes:
            if code.strip() != code or "*" in code:
                raise ValueError(f"got code '{code}', expected no blank and no '*'; use `match`")
            if shape is not None and not shape.fullmatch(code):
                raise ValueError(f"got code '{code}'. {told}")
        twice = sorted({code for code in self.codes if self.codes.count(code) > 1})
        if twice:
            raise ValueError(f"code '{twice[0]}' stands twice")
        return self

    def patterns(self) -> tuple[str, ...]:
        """Return event codes, with a `*` at the end of prefixes.

        >>> Codes(vocabulary="ICD10CM", match="prefix", codes=["I21"]).patterns()
        ('ICD10CM//I21*',)
        """
        star = "*" if self.match == "prefix" else ""
        return tuple(f"{self.vocabulary}//{code}{star}" for code in self.codes)


class CodeClass(Spec):
    """One class of a list, such as a disease."""

    name: Name
    label: Text
    codes: Annotated[tuple[Codes, ...], Field(min_length=1)]

    def patterns(self) -> tuple[str, ...]:
        """Return event codes, with a `*` at the end of prefixes."""
        return tuple(found for part in self.codes for found in part.patterns())


class Examples(Spec):
    """Event codes and exactly the classes that each must show; none at all is an answer too."""

    shows: tuple[Name, ...] = ()
    codes: Annotated[tuple[Word, ...], Field(min_length=1)]


class CodeListSpec(Spec):
    """A list of codes in classes.

    Attributes:
        name, version: what it is called; a changed list has a new version.
        source: where the codes come from.
        owner: who answers for it, by person id or team.
        classes: a code may stand in several.
        examples: golden codes, checked whenever the file is read.
    """

    name: Name
    version: Word
    title: Text
    source: Text
    owner: Word
    classes: Annotated[tuple[CodeClass, ...], Field(min_length=1)]
    examples: tuple[Examples, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> CodeListSpec:
        for name in self.names:
            if self.names.count(name) > 1:
                raise ValueError(f"class '{name}' stands twice")
        for code, wanted in ((code, one.shows) for one in self.examples for code in one.codes):
            shown = self.classes_of(code)
            if shown != frozenset(wanted):
                raise ValueError(f"example {code}: got {_told(shown)}, expected {_told(wanted)}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all classes."""
        return tuple(found.name for found in self.classes)

    @property
    def codes_digest(self) -> str:
        """Return the digest of classes and codes alone; their order does not matter."""
        classes = {found.name: sorted(found.patterns()) for found in self.classes}
        return digest_of(classes)

    @cached_property
    def _patterns(self) -> tuple[tuple[str, frozenset[str], tuple[str, ...]], ...]:
        return tuple(
            (
                found.name,
                frozenset(one for one in found.patterns() if not one.endswith("*")),
                tuple(one[:-1] for one in found.patterns() if one.endswith("*")),
            )
            for found in self.classes
        )

    @cached_property
    def _asked_before(self) -> dict[str, frozenset[str]]:
        return {}

    def classes_of(self, code: str) -> frozenset[str]:
        """Return the classes that one event code shows.

        >>> codes = Codes(vocabulary="ICD10CM", match="prefix", codes=["I21"])
        >>> mi = CodeClass(name="mi", label="Infarction", codes=[codes])
        >>> listed = CodeListSpec(name="heart", version="1", title="Heart", source="example",
        ...                       owner="dana", classes=[mi])
        >>> sorted(listed.classes_of("ICD10CM//I214")), sorted(listed.classes_of("ICD9CM//410"))
        (['mi'], [])
        """
        found = self._asked_before.get(code)
        if found is None:
            found = frozenset(
                name
                for name, exact, prefixes in self._patterns
                if code in exact or code.startswith(prefixes)
            )
            if len(self._asked_before) < _MOST_KEPT:
                self._asked_before[code] = found
        return found

    def patterns(self, name: str = "") -> tuple[str, ...]:
        """Return the event codes of one class, or of all, as features and engines take them.

        Raises:
            BadInput: no such class.
        """
        if name and name not in self.names:
            raise BadInput(
                f"got class '{name}', which the list {self.name} does not have",
                code="codelist.class",
                hint=did_you_mean(name, self.names),
            )
        kept = [found for found in self.classes if name in {"", found.name}]
        return tuple(dict.fromkeys(one for found in kept for one in found.patterns()))

    @property
    def vocabularies(self) -> tuple[str, ...]:
        """Return the vocabularies that it has codes of, in order."""
        return tuple(
            dict.fromkeys(part.vocabulary for found in self.classes for part in found.codes)
        )


def _told(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "no class"
