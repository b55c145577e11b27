"""Puts the control room into an application."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from fastapi import FastAPI, Request
from nicegui import app as pages
from nicegui import ui

from energyguard.limits import PAGE_S
from energyguard.page.alerts import AlertsPage
from energyguard.page.cluster import ClusterPage
from energyguard.page.households import HouseholdsPage
from energyguard.page.icons import FAVICON
from energyguard.page.layout import PageContext, Tab, frame, keep_fresh, tabs_of
from energyguard.page.overview import OverviewPage
from energyguard.page.page_cache import PageCache
from energyguard.page.quality import QualityPage
from energyguard.page.stations import StationsPage
from energyguard.page.thermometer import ThermometerPage
from energyguard.ports.policy import Nonces
from energyguard.service.contract import Service
from energyguard.settings.tree import Settings

STATIC = Path(__file__).parent / "static"

VIEWS: Mapping[str, Callable[[PageContext], object]] = {
    "/": OverviewPage,
    "/households": HouseholdsPage,
    "/stations": StationsPage,
    "/thermometer": ThermometerPage,
    "/alerts": AlertsPage,
    "/quality": QualityPage,
    "/cluster": ClusterPage,
}


def mount(app: FastAPI, service: Service, settings: Settings) -> None:
    """Serve the control room at ``/`` of an application; mount the API before it.

    Args:
        app: the application. Who may see it is the application's business: a middleware that sets
            ``state.user`` of a request names the person for acknowledgements.
        service: what the pages show and do.
        settings: the settings tree; ``serve.zone`` is the zone of all times shown.
    """
    add_pages(service)
    pages.add_middleware(Nonces)  # before the framework's own, which compress
    ui.run_with(
        app,
        mount_path="/",
        title="EnergyGuard",
        favicon=FAVICON,
        language="en-GB",
        dark=None,
        tailwind=False,
        show_welcome_message=False,
        storage_secret=secrets.token_hex(),
    )


def add_pages(service: Service) -> None:
    """Add the views to NiceGUI's application, all over one cache."""
    cache = PageCache(service)
    pages.add_static_files("/ui", STATIC)
    for tab in tabs_of(cache):
        _serve(tab, cache)


def _serve(tab: Tab, cache: PageCache) -> None:
    @ui.page(tab.path, title=f"{tab.name} · EnergyGuard", response_timeout=PAGE_S)
    async def view(request: Request) -> None:
        context = PageContext(
            cache=cache,
            tab=tab,
            query=dict(request.query_params),
            user=getattr(request.state, "user", None) or "somebody",
        )
        with frame(context):
            VIEWS[tab.path](context)
        await keep_fresh(context)
