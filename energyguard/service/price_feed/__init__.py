"""Dynamic prices that are fetched by HTTP, each list from its source, and written once.

fetch.py     one answer of an address, and which addresses may be asked
feed.py      when each source is asked, and what becomes of its answers
role.py      the role ``prices``
"""
