"""What a team asks of its inputs: `features.yaml`, each feature with an owner and a meaning."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, model_validator

from attending.digests import digest_of
from attending.errors import BadInput, did_you_mean
from attending.specs.base import Length, Spec, Unit, dump
from attending.times import format_length, parse_length

Kind: TypeAlias = Literal["window", "age", "static", "calendar", "stay_hours", "derived"]
Aggregate: TypeAlias = Literal[
    "last",
    "first",
    "min",
    "max",
    "mean",
    "sum",
    "count",
    "std",
    "slope",
    "delta",
    "range",
    "any",
    "time_since_last",
]
Status: TypeAlias = Literal["draft", "approved", "deprecated", "retired"]
CalendarPart: TypeAlias = Literal["hour", "weekday", "month"]
Operation: TypeAlias = Literal["sum", "difference", "product", "ratio", "min", "max"]

_SLUG_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
#: What each kind must say, and what it may not.
_NEEDS: dict[str, tuple[str, ...]] = {
    "window": ("window", "aggregate"),
    "age": (),
    "static": (),
    "calendar": ("part",),
    "stay_hours": (),
    "derived": ("expression",),
}
_ONLY: dict[str, str] = {
    "window": "window",
    "aggregate": "window",
    "plausible": "window",
    "part": "calendar",
    "expression": "derived",
}
#: Aggregates that the rows of a window answer whatever their values are.
VALUELESS = frozenset({"count", "any", "time_since_last"})


def slug(text: str) -> str:
    """Return a name of lower-case letters, digits and underscores that starts with a letter.

    Raises:
        ValueError: any other.

    >>> slug("creatinine_last_24h")
    'creatinine_last_24h'
    """
    if not text or not text[0].isalpha() or not set(text) <= _SLUG_LETTERS or len(text) > 64:
        raise ValueError(
            f"got name '{text[:80]}', expected up to 64 of a-z, 0-9 and _, a letter first"
        )
    return text


def _window(value: object) -> object:
    if isinstance(value, int) or (isinstance(value, str) and value in {"encounter", "ever"}):
        return value
    try:
        length = parse_length(str(value))
    except BadInput as error:
        raise ValueError(f"{error.message}, 'encounter' or 'ever'. {error.hint}") from None
    if length <= 0:
        raise ValueError(f"got window '{value}', expected a length above zero")
    return length


Slug: TypeAlias = Annotated[str, AfterValidator(slug)]
#: A length, `encounter` (since the stay began) or `ever`; held as microseconds or the word.
Window: TypeAlias = Annotated[
    int | str,
    BeforeValidator(_window),
    PlainSerializer(
        lambda held: format_length(held) if isinstance(held, int) else held,
        return_type=str,
        when_used="json",
    ),
]


class Plausible(Spec):
    """The range that a value can have in a living patient, both ends included."""

    low: float
    high: float

    @model_validator(mode="after")
    def _in_order(self) -> Plausible:
        if self.low > self.high:
            raise ValueError(f"got low {self.low:g} above high {self.high:g}")
        return self


class Expression(Spec):
    """An operation over features that stand earlier in the list; missing if any of them is."""

    op: Operation
    of: tuple[Slug, ...]

    @model_validator(mode="after")
    def _enough(self) -> Expression:
        two = self.op in {"difference", "ratio"}
        if len(self.of) < 2 or (two and len(self.of) != 2):
            raise ValueError(f"got {len(self.of)} operands of '{self.op}', expected 2")
        return self


class CodeList(Spec):
    """A named, versioned list of codes; one that ends in `*` is a prefix."""

    name: Slug
    version: str
    codes: tuple[str, ...]


class FeatureSpec(Spec):
    """One feature: what it means, who owns it, and exactly how it is computed.

    `slope` is in units per hour and `time_since_last` in hours. A window is (p - window, p] on
    `time`, over rows that are visible at p. `clock: event` ignores availability and is refused
    by the leak gate.
    """

    name: Slug
    label: str
    kind: Kind = "window"
    codes: tuple[str, ...] = ()
    code_list: Slug | None = None
    window: Window | None = None
    aggregate: Aggregate | None = None
    unit: Unit | None = None
    plausible: Plausible | None = None
    clock: Literal["availability", "event"] = "availability"
    part: CalendarPart | None = None
    expression: Expression | None = None
    owner: str
    purpose: str
    freshness: Length | None = None
    status: Status = "draft"
    replacement: Slug | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> FeatureSpec:
        for name in _NEEDS[self.kind]:
            if getattr(self, name) is None:
                raise ValueError(f"a feature of kind '{self.kind}' needs the field '{name}'")
        for name, kind in _ONLY.items():
            if getattr(self, name) is not None and self.kind != kind:
                raise ValueError(f"'{name}' is for features of kind '{kind}', not '{self.kind}'")
        if self.kind in {"window", "static"} and bool(self.codes) == (self.code_list is not None):
            raise ValueError("expected either 'codes' or 'code_list'")
        if self.kind not in {"window", "static"} and (self.codes or self.code_list):
            raise ValueError(f"a feature of kind '{self.kind}' reads no codes")
        return self


class FeaturesSpec(Spec):
    """All features of a project, in the order of their columns."""

    name: Slug
    version: str
    features: tuple[FeatureSpec, ...]
    code_lists: tuple[CodeList, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> FeaturesSpec:
        _refuse_twice("feature", [feature.name for feature in self.features])
        _refuse_twice("code list", [found.name for found in self.code_lists])
        earlier: list[str] = []
        for feature in self.features:
            for operand in feature.expression.of if feature.expression else ():
                if operand not in earlier:
                    raise ValueError(
                        f"feature '{feature.name}' uses '{operand}', which does not stand before "
                        f"it. {did_you_mean(operand, earlier)}"
                    )
            self.codes_of(feature)
            earlier.append(feature.name)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all features, in the order of their columns."""
        return tuple(feature.name for feature in self.features)

    def feature(self, name: str) -> FeatureSpec:
        """Return the feature of that name.

        Raises:
            BadInput: no such feature; the hint has the nearest.
        """
        for feature in self.features:
            if feature.name == name:
                return feature
        raise BadInput(
            f"got feature '{name}', which is not in {self.name} {self.version}",
            code="features.unknown",
            hint=did_you_mean(name, self.names),
        )

    def codes_of(self, feature: FeatureSpec) -> tuple[str, ...]:
        """Return the codes that a feature reads, from its own list or the named one.

        Raises:
            ValueError: the named code list is not in the file.
        """
        if feature.kind == "age":
            return ("MEDS_BIRTH",)
        if feature.code_list is None:
            return feature.codes
        for found in self.code_lists:
            if found.name == feature.code_list:
                return found.codes
        known = did_you_mean(feature.code_list, [found.name for found in self.code_lists])
        raise ValueError(f"code list '{feature.code_list}' is not in this file. {known}")

    def feature_digest(self, feature: FeatureSpec) -> str:
        """Return the digest of a feature's whole definition, its codes written out."""
        return digest_of({**dump(feature), "codes": sorted(self.codes_of(feature))})


def _refuse_twice(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{what} '{name}' stands twice")
