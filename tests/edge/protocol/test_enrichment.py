"""Places as they travel to an edge."""

import msgspec

from energyguard.edge.protocol.enrichment import EdgePlace


def test_a_place_says_no_more_than_is_known() -> None:
    place = EdgePlace(device="h1", postal_code="10115", region="DE-BE")
    written = msgspec.msgpack.encode(place)
    assert msgspec.msgpack.decode(written) == {
        "device": "h1",
        "postal_code": "10115",
        "region": "DE-BE",
    }
    assert msgspec.msgpack.decode(written, type=EdgePlace) == place
