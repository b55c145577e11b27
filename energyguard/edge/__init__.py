"""Survive an outage: what an edge measures, and its line to the cloud.

averages.py    powers become averages, device by device; intervals.py, far.py, averages_state.py
averaging.py   the same over all topics of the log, into the topic that is its outbox
outbox.py      that log as the uplink sees it: what waits, what may have been sent
outbox_room.py room in one that gets full: thinning.py merges averages into minutes
edge_log.py    how that log keeps its topics
contract.py    what both ends need and give: the outbox, moments, frames
messages.py    what is said on a line
ranges.py      sets of offsets; epochs.py: what a disk that was restored shares with the cloud
edge_end.py    the edge's end of it: what to say next; no I/O. lanes.py: what goes first;
               batching.py: records become batches; flights.py: what is in flight; redial.py
cloud_end.py   the cloud's end: what to append, what to answer; no I/O. peers.py: who is there;
               holding.py: what is held of an edge; branches.py: and of its other disks
clock_offset.py, place_parts.py   what both say beside records
enrichment.py  where the devices of an edge stand: what a domain answers
identity.py    who may speak, by certificates.py; enrolment.py writes down who does
transport.py   frames over NNG with TLS; peers named by their certificates
port_guard.py  ends connections that show none
nng.py         what the two need of NNG
edge_role.py, cloud_role.py   both as processes
"""
