"""What each role may do on Kafka, as lines for `kafka-acls`: derived from the flows.

    python -m deploy.kafka.acls > acls.txt          # a principal for each role
    xargs -L1 kafka-acls.sh --bootstrap-server HOST:9092 < acls.txt

A role reads and writes the topics of its flows, joins their groups, and its transactions have names
that begin with ``energyguard-GROUP-``. Topics are made on first use, with their policies, so each
role may make those that it uses.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from energyguard.flow import Role
from energyguard.pipeline import ROLES

PRINCIPAL = "User:energyguard-"


def lines_of(role: Role) -> Iterator[str]:
    """The lines of a role, sorted."""
    start = f"--add --allow-principal {PRINCIPAL}{role.name}"
    found: set[str] = set()
    for flow in role.flows:
        for topic in (*flow.reads, *flow.tables):
            found.add(f"{_of(topic.name)} --operation Read --operation Describe")
        for topic in flow.writes:
            found.add(f"{_of(topic.name)} --operation Write --operation Create")
            found.add(f"{_of(topic.name)} --operation Describe --operation DescribeConfigs")
        if flow.group:
            found.add(f"--group {flow.group} --operation Read")
            name = f"energyguard-{flow.group}-"
            found.add(
                f"--transactional-id {name} --resource-pattern-type prefixed "
                "--operation Write --operation Describe"
            )
    return iter(sorted(f"{start} {line}" for line in found))


def _of(topic: str) -> str:
    if topic.endswith("*"):
        return f"--topic {topic[:-1]} --resource-pattern-type prefixed"
    return f"--topic {topic}"


def main() -> None:
    """Print the lines of every role."""
    for role in ROLES.values():
        for line in lines_of(role):
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
