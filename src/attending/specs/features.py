"""What a team asks of its inputs: `features.yaml`, each feature with an owner and a meaning."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    model_validator,
)

from attending.digests import digest_of
from attending.errors import BadInput, did_you_mean
from attending.specs.base import Length, Scalar, Spec, Unit, dump
from attending.specs.expression import Expression  # noqa: TC001 - pydantic reads it
from attending.specs.expression import Slug as Slug  # noqa: PLC0414, TC001 - and others read it
from attending.times import format_length, parse_length

Kind: TypeAlias = Literal[
    "window", "age", "static", "calendar", "stay_hours", "derived", "score", "unit"
]
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
    "median",
    "distinct",
    "distinct_codes",
    "fraction_abnormal",
    "ewm",
]
Status: TypeAlias = Literal["draft", "approved", "deprecated", "retired"]
CalendarPart: TypeAlias = Literal["hour", "weekday", "month"]
WhenStale: TypeAlias = Literal["keep", "missing"]
#: What each kind must say, and what it may not.
_NEEDS: dict[str, tuple[str, ...]] = {
    "window": ("window", "aggregate"),
    "age": (),
    "static": (),
    "calendar": ("part",),
    "stay_hours": (),
    "derived": ("expression",),
    "score": ("score",),
    "unit": ("series", "lags"),
}
_ONLY: dict[str, str] = {
    "window": "window",
    "aggregate": "window",
    "plausible": "window",
    "normal": "window",
    "half_life": "window",
    "last_n": "window",
    "as_of": "window",
    "since": "window",
    "part": "calendar",
    "expression": "derived",
    "score": "score",
    "parameters": "score",
    "component": "score",
    "series": "unit",
    "lags": "unit",
}
#: Aggregates that the rows of a window answer whatever their values are.
VALUELESS = frozenset({"count", "any", "time_since_last", "distinct_codes"})
_SECOND = 1_000_000


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


def _clock_time(text: str) -> str:
    hour, colon, minute = text.partition(":")
    whole = len(hour) == len(minute) == 2 and hour.isdecimal() and minute.isdecimal()
    if not (whole and colon and int(hour) < 24 and int(minute) < 60):
        raise ValueError(f"got clock time '{text[:20]}', expected one such as 06:00")
    return text


#: A clock time, `06:00`, in the zone of the patient's site.
ClockTime: TypeAlias = Annotated[str, AfterValidator(_clock_time)]
#: A version of a feature of the catalogue, `sodium_last@2`.
CatalogueName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*@[1-9][0-9]{0,5}$")]
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


#: So many shifts before.
Lag: TypeAlias = Annotated[int, Field(ge=0, le=10_000)]


class Plausible(Spec):
    """The range that a value can have in a living patient, both ends included."""

    low: float
    high: float

    @model_validator(mode="after")
    def _in_order(self) -> Plausible:
        if self.low > self.high:
            raise ValueError(f"got low {self.low:g} above high {self.high:g}")
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

    Attributes:
        since: codes; the window starts no earlier than the newest visible row of them, its own
            instant within. Without such a row the window is empty.
        as_of: a clock time; the feature is as it was at the last one at or before the prediction,
            in the zone of the patient's site. A time that the clock skips is as before the change,
            one that it has twice is the first.
        last_n: only so many of the newest values of the window are used.
        normal: of `fraction_abnormal`; both ends are normal.
        half_life: of `ewm`; a value so much older weighs half as much.
        when_stale: whether a value older than `freshness` is kept and marked, or is missing.
        score: of kind `score`; a registered bedside score, as it could be known at the prediction.
        parameters: of the score.
        component: one of its components; its total when absent.
        series: of kind `unit`; who is present when a shift begins, or who comes during it.
        lags: so many shifts before the prediction's own, of which the mean is taken; 0 is the
            beginning of the prediction's own, at which only who is present is known.
        catalogue: the version in the home's catalogue that this definition is, to the digest.
        concept: what it is about, as clinicians call it; explanations show the features of one
            concept together. Without it, features of the same codes are one.
    """

    name: Slug
    label: str
    kind: Kind = "window"
    codes: tuple[str, ...] = ()
    code_list: Slug | None = None
    window: Window | None = None
    aggregate: Aggregate | None = None
    unit: Unit | None = None
    since: tuple[str, ...] = ()
    as_of: ClockTime | None = None
    last_n: Annotated[int, Field(ge=1, le=1000)] | None = None
    normal: Plausible | None = None
    half_life: Length | None = None
    plausible: Plausible | None = None
    clock: Literal["availability", "event"] = "availability"
    part: CalendarPart | None = None
    expression: Expression | None = None
    score: Slug | None = None
    parameters: dict[str, Scalar] = Field(default_factory=dict)
    component: Slug | None = None
    series: Literal["present", "arrivals"] | None = None
    lags: Annotated[tuple[Lag, ...], Field(min_length=1, max_length=400)] | None = None
    owner: str
    purpose: str
    freshness: Length | None = None
    when_stale: WhenStale = "keep"
    status: Status = "draft"
    replacement: Slug | None = None
    source: str | None = None
    catalogue: CatalogueName | None = None
    concept: Annotated[str, Field(min_length=2, max_length=60)] | None = None

    @property
    def printed_unit(self) -> str:
        """Return the unit of the feature's own values: a number of values has none."""
        return "" if self.aggregate == "count" else self.unit or ""

    @model_validator(mode="after")
    def _whole(self) -> FeatureSpec:
        for name in _NEEDS[self.kind]:
            if getattr(self, name) is None:
                raise ValueError(f"a feature of kind '{self.kind}' needs the field '{name}'")
        for name, kind in _ONLY.items():
            if getattr(self, name) and self.kind != kind:
                raise ValueError(f"'{name}' is for features of kind '{kind}', not '{self.kind}'")
        if self.kind in {"window", "static"} and bool(self.codes) == (self.code_list is not None):
            raise ValueError("expected either 'codes' or 'code_list'")
        if self.kind not in {"window", "static"} and (self.codes or self.code_list):
            raise ValueError(f"a feature of kind '{self.kind}' reads no codes")
        self._check_aggregate()
        self._check_clocks()
        return self

    def _check_clocks(self) -> None:
        if self.kind == "score" and self.clock != "availability":
            raise ValueError("a score is by what was known: leave out 'clock'")
        if self.when_stale == "missing" and (self.freshness is None or self.kind != "window"):
            raise ValueError("'when_stale: missing' needs the field 'freshness' and a window")

    @model_validator(mode="after")
    def _lags_look_back(self) -> FeatureSpec:
        if self.series == "arrivals" and 0 in (self.lags or ()):
            raise ValueError(
                "who comes during a shift is not known when it begins; write lags of 1 or more"
            )
        return self

    @model_validator(mode="after")
    def _same_name(self) -> FeatureSpec:
        if self.catalogue and self.catalogue.partition("@")[0] != self.name:
            raise ValueError(f"got catalogue '{self.catalogue}' of a feature named '{self.name}'")
        return self

    def _check_aggregate(self) -> None:
        for name, aggregate in (("normal", "fraction_abnormal"), ("half_life", "ewm")):
            if (getattr(self, name) is not None) != (self.aggregate == aggregate):
                raise ValueError(f"'{aggregate}' needs the field '{name}', and no other takes it")
        if self.half_life is not None and (self.half_life < _SECOND or self.half_life % _SECOND):
            raise ValueError("expected a half_life of whole seconds, one or more")
        if self.last_n is not None and self.aggregate in VALUELESS:
            raise ValueError(f"'last_n' is about values, and '{self.aggregate}' looks at none")


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
            for operand in feature.expression.names if feature.expression else ():
                if operand not in earlier:
                    raise ValueError(
                        f"feature '{feature.name}' uses '{operand}', which does not stand before "
                        f"it. {did_you_mean(operand, earlier)}"
                    )
            self._check_conversions(feature)
            self.codes_of(feature)
            earlier.append(feature.name)
        return self

    def _check_conversions(self, feature: FeatureSpec) -> None:
        for name, unit in feature.expression.conversions() if feature.expression else ():
            stated = self.feature(name).unit
            if stated not in {None, unit}:
                raise ValueError(
                    f"feature '{feature.name}' takes '{name}' to be in {unit}, it is in {stated}"
                )

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
