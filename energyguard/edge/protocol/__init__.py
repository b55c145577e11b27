"""What both ends of a line need, say and keep.

contract.py   what they need and give: the outbox, moments, frames
messages.py   what is said on a line
ranges.py     sets of offsets; epochs.py: what a disk that was restored shares with the cloud
enrichment.py where the devices of an edge stand; place_parts.py: how that travels
clock_offset.py   how far apart the clocks of both are
"""
