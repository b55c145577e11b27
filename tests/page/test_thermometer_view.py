"""The view of the thermometer over made-up degrees."""

from __future__ import annotations

from nicegui.testing import User

from tests.page.test_views import plotted, sees


async def test_the_curve_the_mean_and_the_trend(user: User) -> None:
    await user.open("/thermometer?range=1h")
    await sees(user, "+1.25")
    await sees(user, "(standard error): rises")
    await sees(user, "of 3,600 readings")
    await sees(user, "17.5")
    curve = await plotted(user, "line")
    assert curve["unit"] == "°C"
    assert len(curve["xs"]) > 3_500
    await user.open("/thermometer?range=24h")
    assert (await plotted(user, "line"))["to"] - (await plotted(user, "line"))["from"] == 86_400_000


async def test_without_degrees_it_says_what_to_do(nobody: User) -> None:
    await nobody.open("/thermometer")
    await sees(nobody, "energyguard simulate thermometer")
