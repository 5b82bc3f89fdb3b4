"""The catalogue: features, code lists, contracts and cohorts; where a feature comes from.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from attending.lifecycle import catalogue_lineage
from attending.lifecycle.catalogued import catalogued, feature_shown, own_feature
from attending.lifecycle.desk import Desk
from attending.lifecycle.finding import shared
from attending.lifecycle.papers import readable
from attending.records.catalogue import FeatureLineage
from attending.web.names import check_digest, check_feature
from attending.web.policy import READERS, Routes
from attending.web.routes import document_policy
from attending.web.show import asks, show
from attending.web.site import site_of

ROUTES = Routes()
_CRUMBS = [("Today", "/"), ("Catalogue", "/catalogue")]
#: Features that one page lists; search finds the others.
MOST = 400


@ROUTES.add("GET", "/catalogue", policy=READERS, nav="Catalogue")
def page(request: Request) -> Response:
    """Show what the models of this home are made of."""
    found = site_of(request).house.look(catalogued, by=asks(request))
    return show(request, "catalogue.html.j2", crumbs=_CRUMBS[:1], found=found, most=MOST)


@ROUTES.add("GET", "/catalogue/features/{reference}", policy=READERS)
def feature(request: Request, reference: str) -> Response:
    """Show one feature: its versions, its definition, how it stands and who uses it."""
    house, by = site_of(request).house, asks(request)
    name = check_feature(reference)
    if house.look(shared, name.partition("@")[0], by=by):
        found = house.look(feature_shown, name, by=by)
        return show(request, "feature.html.j2", crumbs=_CRUMBS, found=found)
    asked, users = house.look(own_feature, name, by=by)
    return show(
        request,
        "own_feature.html.j2",
        crumbs=_CRUMBS,
        asked=asked,
        said=asked.model_dump(mode="json", exclude_defaults=True),
        users=users,
    )


@ROUTES.add("GET", "/catalogue/features/{reference}/lineage", policy=READERS)
def lineage(request: Request, reference: str) -> Response:
    """Show where a shared feature comes from and where it goes, on the newest snapshot."""
    name = check_feature(reference)
    found = site_of(request).house.look(_lineage, name, by=asks(request))
    return show(
        request,
        "lineage.html.j2",
        crumbs=[*_CRUMBS, (name, f"/catalogue/features/{name}")],
        found=found,
        picture=catalogue_lineage.pictured(found),
    )


def _lineage(desk: Desk, reference: str) -> FeatureLineage:
    return catalogue_lineage.lineage(desk, reference)


@ROUTES.add("GET", "/records/{digest}", policy=READERS)
def record(request: Request, digest: str) -> Response:
    """Return what people sign or write as a stand-alone document."""
    data = site_of(request).house.look(_record, check_digest(digest), by=asks(request))
    return HTMLResponse(data, headers={"Content-Security-Policy": document_policy(data)})


def _record(desk: Desk, digest: str) -> bytes:
    return readable(desk, digest)
