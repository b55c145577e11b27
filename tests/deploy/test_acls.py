"""What roles may do on Kafka: each what its flows do, and no more."""

from __future__ import annotations

import shlex

from deploy.kafka.acls import lines_of
from energyguard.pipeline import ROLES


def may(role: str, operation: str) -> set[str]:
    """The topics on which a role may do something; families by their beginning."""
    found = set()
    for line in lines_of(ROLES[role]):
        words = shlex.split(line)
        asked = {words[i + 1] for i, word in enumerate(words) if word == "--operation"}
        if "--topic" in words and operation in asked:
            found.add(words[words.index("--topic") + 1])
    return found


def test_a_role_may_read_and_write_the_topics_of_its_flows_alone() -> None:
    for role in ROLES.values():
        reads = {t.name for flow in role.flows for t in (*flow.reads, *flow.tables)}
        writes = {t.name for flow in role.flows for t in flow.writes}
        assert may(role.name, "Read") == {name.rstrip("*") for name in reads}
        assert may(role.name, "Write") == {name.rstrip("*") for name in writes}
        assert may(role.name, "Create") == may(role.name, "Write")


def test_only_the_owner_writes_the_catalogue() -> None:
    writers = [name for name in ROLES if "energyguard.catalogue" in may(name, "Write")]
    assert writers == ["catalogue"]


def test_groups_and_transactions_are_named_as_the_log_names_them() -> None:
    lines = "\n".join(lines_of(ROLES["worker"]))
    assert "--group worker --operation Read" in lines
    assert "--transactional-id energyguard-worker- --resource-pattern-type prefixed" in lines
