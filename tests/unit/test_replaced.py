"""What was deleted to be replaced is dropped from the state, and nothing depends on it any more."""

from __future__ import annotations

from operations.recovery import replaced


def test_nothing_depends_on_what_is_dropped() -> None:
    resources: list[replaced.Resource] = [
        {"urn": "key"},
        {"urn": "key", "pendingReplacement": True},
        {"urn": "mount", "pendingReplacement": True},
        {
            "urn": "check",
            "dependencies": ["key", "mount"],
            "propertyDependencies": {"accessor": ["mount"], "key": ["key"], "none": None},
        },
    ]
    key, check = replaced.without_deleted(resources)
    assert (key["urn"], check["urn"]) == ("key", "check")
    assert check["dependencies"] == ["key"]
    assert check["propertyDependencies"] == {"accessor": [], "key": ["key"], "none": []}
